"""The standard processors; each is found by its registered name, and this package imports none of them."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .accumulate import Accumulate as Accumulate
    from .add_noise import AddNoise as AddNoise
    from .agc import AGC as AGC
    from .cautious import Cautious as Cautious
    from .cautious_weight_decay import CautiousWeightDecay as CautiousWeightDecay
    from .centralize_gradients import CentralizeGradients as CentralizeGradients
    from .clip_by_global_norm import ClipByGlobalNorm as ClipByGlobalNorm
    from .clip_by_norm import ClipByNorm as ClipByNorm
    from .clip_by_value import ClipByValue as ClipByValue
    from .configs.accumulate import AccumulateConfig as AccumulateConfig
    from .configs.add_noise import AddNoiseConfig as AddNoiseConfig
    from .configs.agc import AGCConfig as AGCConfig
    from .configs.cautious import CautiousConfig as CautiousConfig
    from .configs.cautious_weight_decay import CautiousWeightDecayConfig as CautiousWeightDecayConfig
    from .configs.centralize_gradients import CentralizeGradientsConfig as CentralizeGradientsConfig
    from .configs.clip_by_global_norm import ClipByGlobalNormConfig as ClipByGlobalNormConfig
    from .configs.clip_by_norm import ClipByNormConfig as ClipByNormConfig
    from .configs.clip_by_value import ClipByValueConfig as ClipByValueConfig
    from .configs.corrected_weight_decay import CorrectedWeightDecayConfig as CorrectedWeightDecayConfig
    from .configs.ema import EMAConfig as EMAConfig
    from .configs.freeze import FreezeConfig as FreezeConfig
    from .configs.grokfast import GrokfastConfig as GrokfastConfig
    from .configs.l2 import L2Config as L2Config
    from .configs.layerwise_decay import LayerwiseDecayConfig as LayerwiseDecayConfig
    from .configs.learning_rate_scale import LearningRateScaleConfig as LearningRateScaleConfig
    from .configs.loss_scale import LossScaleConfig as LossScaleConfig
    from .configs.max_norm import MaxNormConfig as MaxNormConfig
    from .configs.monitor import MonitorConfig as MonitorConfig
    from .configs.non_negative import NonNegativeConfig as NonNegativeConfig
    from .configs.normalize_gradients import NormalizeGradientsConfig as NormalizeGradientsConfig
    from .configs.orthograd import OrthoGradConfig as OrthoGradConfig
    from .configs.scheduled_weight_decay import ScheduledWeightDecayConfig as ScheduledWeightDecayConfig
    from .configs.skip_non_finite import SkipNonFiniteConfig as SkipNonFiniteConfig
    from .configs.snapshot import SnapshotConfig as SnapshotConfig
    from .configs.stochastic_rounding import StochasticRoundingConfig as StochasticRoundingConfig
    from .configs.swap_weights import SwapWeightsConfig as SwapWeightsConfig
    from .configs.trust_ratio import TrustRatioConfig as TrustRatioConfig
    from .configs.unit_norm import UnitNormConfig as UnitNormConfig
    from .configs.update_clip import UpdateClipConfig as UpdateClipConfig
    from .configs.weight_decay import WeightDecayConfig as WeightDecayConfig
    from .corrected_weight_decay import CorrectedWeightDecay as CorrectedWeightDecay
    from .ema import EMA as EMA
    from .freeze import Freeze as Freeze
    from .grokfast import Grokfast as Grokfast
    from .l2 import L2 as L2
    from .layerwise_decay import LayerwiseDecay as LayerwiseDecay
    from .learning_rate_scale import LearningRateScale as LearningRateScale
    from .loss_scale import LossScale as LossScale
    from .max_norm import MaxNorm as MaxNorm
    from .monitor import Monitor as Monitor
    from .non_negative import NonNegative as NonNegative
    from .normalize_gradients import NormalizeGradients as NormalizeGradients
    from .orthograd import OrthoGrad as OrthoGrad
    from .scheduled_weight_decay import ScheduledWeightDecay as ScheduledWeightDecay
    from .skip_non_finite import SkipNonFinite as SkipNonFinite
    from .snapshot import Snapshot as Snapshot
    from .stochastic_rounding import StochasticRounding as StochasticRounding
    from .swap_weights import SwapWeights as SwapWeights
    from .trust_ratio import TrustRatio as TrustRatio
    from .unit_norm import UnitNorm as UnitNorm
    from .update_clip import UpdateClip as UpdateClip
    from .weight_decay import WeightDecay as WeightDecay
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
