"""Adafactor and SM3 for optiplug: optimizers with little state."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .adafactor import Adafactor as Adafactor
    from .config import AdafactorConfig as AdafactorConfig
    from .config import SM3Config as SM3Config
    from .sm3 import SM3 as SM3
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
