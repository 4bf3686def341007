"""Lion for optiplug."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .config import LionConfig as LionConfig
    from .lion import Lion as Lion
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
