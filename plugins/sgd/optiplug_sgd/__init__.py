"""Gradient descent with momentum: a plugin of optiplug."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .config import SGDConfig as SGDConfig
    from .sgd import SGD as SGD
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
