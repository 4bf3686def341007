"""Tasks with a target and a budget, to compare and tune optimizers on, and diagnostics."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .autoencoder import Autoencoder as Autoencoder
    from .char_transformer import CharTransformer as CharTransformer
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
