"""Optimizers and processors from papers, for optiplug: one file each."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .adabelief import AdaBelief as AdaBelief
    from .adan import Adan as Adan
    from .ademamix import AdEMAMix as AdEMAMix
    from .adopt import ADOPT as ADOPT
    from .cocob import COCOB as COCOB
    from .conditional_gradient import ConditionalGradient as ConditionalGradient
    from .configs.adabelief import AdaBeliefConfig as AdaBeliefConfig
    from .configs.adan import AdanConfig as AdanConfig
    from .configs.ademamix import AdEMAMixConfig as AdEMAMixConfig
    from .configs.adopt import ADOPTConfig as ADOPTConfig
    from .configs.cocob import COCOBConfig as COCOBConfig
    from .configs.conditional_gradient import ConditionalGradientConfig as ConditionalGradientConfig
    from .configs.dadapt_adam import DAdaptAdamConfig as DAdaptAdamConfig
    from .configs.dog import DoGConfig as DoGConfig
    from .configs.laprop import LaPropConfig as LaPropConfig
    from .configs.lazyadam import LazyAdamConfig as LazyAdamConfig
    from .configs.lookahead import LookaheadConfig as LookaheadConfig
    from .configs.madgrad import MADGRADConfig as MADGRADConfig
    from .configs.novograd import NovoGradConfig as NovoGradConfig
    from .configs.prodigy import ProdigyConfig as ProdigyConfig
    from .configs.proximal_adagrad import ProximalAdagradConfig as ProximalAdagradConfig
    from .configs.radam import RAdamConfig as RAdamConfig
    from .configs.sam import SAMConfig as SAMConfig
    from .configs.signum import SignumConfig as SignumConfig
    from .configs.soap import SOAPConfig as SOAPConfig
    from .configs.swa import SWAConfig as SWAConfig
    from .configs.yogi import YogiConfig as YogiConfig
    from .dadapt_adam import DAdaptAdam as DAdaptAdam
    from .dog import DoG as DoG
    from .laprop import LaProp as LaProp
    from .lazyadam import LazyAdam as LazyAdam
    from .lookahead import Lookahead as Lookahead
    from .madgrad import MADGRAD as MADGRAD
    from .novograd import NovoGrad as NovoGrad
    from .prodigy import Prodigy as Prodigy
    from .proximal_adagrad import ProximalAdagrad as ProximalAdagrad
    from .radam import RAdam as RAdam
    from .sam import SAM as SAM
    from .signum import Signum as Signum
    from .soap import SOAP as SOAP
    from .swa import SWA as SWA
    from .yogi import Yogi as Yogi
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
