"""Schedules for optiplug: `configs` says what can be configured, the module of the same name computes it."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .configs.constant import ConstantConfig as ConstantConfig
    from .configs.cosine import CosineConfig as CosineConfig
    from .configs.cosine_restarts import CosineRestartsConfig as CosineRestartsConfig
    from .configs.cyclical import CyclicalConfig as CyclicalConfig
    from .configs.exponential import ExponentialConfig as ExponentialConfig
    from .configs.inverse_sqrt import InverseSqrtConfig as InverseSqrtConfig
    from .configs.inverse_time import InverseTimeConfig as InverseTimeConfig
    from .configs.join import JoinConfig as JoinConfig
    from .configs.linear import LinearConfig as LinearConfig
    from .configs.one_cycle import OneCycleConfig as OneCycleConfig
    from .configs.piecewise_constant import PiecewiseConstantConfig as PiecewiseConstantConfig
    from .configs.piecewise_interpolate import PiecewiseInterpolateConfig as PiecewiseInterpolateConfig
    from .configs.polynomial import PolynomialConfig as PolynomialConfig
    from .configs.power_decay import PowerDecayConfig as PowerDecayConfig
    from .configs.product import ProductConfig as ProductConfig
    from .configs.rex import REXConfig as REXConfig
    from .configs.tanh_decay import TanhDecayConfig as TanhDecayConfig
    from .configs.warmup import WarmupConfig as WarmupConfig
    from .configs.warmup_stable_decay import WarmupStableDecayConfig as WarmupStableDecayConfig
    from .constant import Constant as Constant
    from .cosine import CosineDecay as CosineDecay
    from .cosine_restarts import CosineDecayRestarts as CosineDecayRestarts
    from .cyclical import Cyclical as Cyclical
    from .exponential import ExponentialDecay as ExponentialDecay
    from .inverse_sqrt import InverseSqrt as InverseSqrt
    from .inverse_time import InverseTimeDecay as InverseTimeDecay
    from .join import Join as Join
    from .linear import Linear as Linear
    from .one_cycle import OneCycle as OneCycle
    from .piecewise_constant import PiecewiseConstantDecay as PiecewiseConstantDecay
    from .piecewise_interpolate import PiecewiseInterpolate as PiecewiseInterpolate
    from .polynomial import PolynomialDecay as PolynomialDecay
    from .power_decay import PowerDecay as PowerDecay
    from .product import Product as Product
    from .rex import REX as REX
    from .tanh_decay import TanhDecay as TanhDecay
    from .warmup import Warmup as Warmup
    from .warmup_stable_decay import WarmupStableDecay as WarmupStableDecay
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
