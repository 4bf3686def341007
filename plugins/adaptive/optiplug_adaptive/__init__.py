"""RMSprop, Adagrad, Adadelta and FTRL for optiplug."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .adadelta import Adadelta as Adadelta
    from .adagrad import Adagrad as Adagrad
    from .config import AdadeltaConfig as AdadeltaConfig
    from .config import AdagradConfig as AdagradConfig
    from .config import FtrlConfig as FtrlConfig
    from .config import RMSpropConfig as RMSpropConfig
    from .ftrl import Ftrl as Ftrl
    from .rmsprop import RMSprop as RMSprop
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
