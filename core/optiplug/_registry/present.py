"""What modules hold that are imported already, by whomever: to look is not to import."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

__all__ = ["present"]


def present(target: str) -> Any:
    """Return what ``module:attribute`` names if it is there by now; None if not.

    Examples
    --------
    >>> import json
    >>> present("json:JSONEncoder") is json.JSONEncoder, present("no_such_module:Thing")
    (True, None)
    """
    module, _, attribute = target.partition(":")
    here: Any = sys.modules.get(module)
    for name in attribute.split("."):
        # A module's __getattr__ might import. `getattr_static` is slow, and every plugin is asked.
        plain = isinstance(here, ModuleType)
        here = vars(here).get(name) if plain else inspect.getattr_static(here, name, None)
    return here
