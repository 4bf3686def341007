"""Tasks with a target and a budget, to compare and tune optimizers on, and diagnostics."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .autoencoder import Autoencoder as Autoencoder
    from .char_transformer import CharTransformer as CharTransformer
    from .diagnostics.command import diagnose_optimizers as diagnose_optimizers
    from .diagnostics.configs import CliffConfig as CliffConfig
    from .diagnostics.configs import DelayConfig as DelayConfig
    from .diagnostics.configs import DiagnoseConfig as DiagnoseConfig
    from .diagnostics.configs import DriftConfig as DriftConfig
    from .diagnostics.configs import NoiseConfig as NoiseConfig
    from .diagnostics.configs import OutliersConfig as OutliersConfig
    from .diagnostics.configs import SaddleConfig as SaddleConfig
    from .diagnostics.configs import ScaleConfig as ScaleConfig
    from .diagnostics.configs import SparseConfig as SparseConfig
    from .diagnostics.configs import TinyConfig as TinyConfig
    from .diagnostics.configs import ValleyConfig as ValleyConfig
    from .diagnostics.landscapes import Cliff as Cliff
    from .diagnostics.landscapes import Saddle as Saddle
    from .diagnostics.landscapes import Scale as Scale
    from .diagnostics.landscapes import Tiny as Tiny
    from .diagnostics.landscapes import Valley as Valley
    from .diagnostics.motion import Delay as Delay
    from .diagnostics.motion import Drift as Drift
    from .diagnostics.noise import Noise as Noise
    from .diagnostics.noise import Outliers as Outliers
    from .diagnostics.noise import Sparse as Sparse
    from .logistic import Logistic as Logistic
    from .recommender import Recommender as Recommender
    from .tabular import Tabular as Tabular
    from .task_configs import AutoencoderConfig as AutoencoderConfig
    from .task_configs import CharTransformerConfig as CharTransformerConfig
    from .task_configs import LogisticConfig as LogisticConfig
    from .task_configs import RecommenderConfig as RecommenderConfig
    from .task_configs import TabularConfig as TabularConfig
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
