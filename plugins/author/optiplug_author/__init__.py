"""For authors of plugins: the commands `optiplug new` and `optiplug test`."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .config import NewConfig as NewConfig
    from .config import TryConfig as TryConfig
    from .new import new as new
    from .trying import try_plugins as try_plugins
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
