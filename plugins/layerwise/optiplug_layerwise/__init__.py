"""LAMB and LARS for optiplug: steps in proportion to each layer."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .config import LAMBConfig as LAMBConfig
    from .config import LARSConfig as LARSConfig
    from .lamb import LAMB as LAMB
    from .lars import LARS as LARS
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
