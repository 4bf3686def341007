"""For authors of plugins: the commands `optiplug new`, `optiplug test` and `optiplug catalogue`."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .cataloguing import catalogue as catalogue
    from .config import CatalogueConfig as CatalogueConfig
    from .config import NewConfig as NewConfig
    from .config import TryConfig as TryConfig
    from .scaffold import new as new
    from .trying import try_plugins as try_plugins
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
