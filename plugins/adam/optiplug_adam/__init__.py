"""Adam and AdamW for optiplug."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .adam import Adam as Adam
    from .adam import AdamW as AdamW
    from .adamax import Adamax as Adamax
    from .config import AdamaxConfig as AdamaxConfig
    from .config import AdamConfig as AdamConfig
    from .config import AdamWConfig as AdamWConfig
    from .config import NadamConfig as NadamConfig
    from .nadam import Nadam as Nadam
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
