"""Finds plugins by name, and imports them when they are used.

Each function is a method of the one `Registry` of this process. A reference is ``name``,
``name@distribution`` or ``name@distribution>=1.2,<2``; a kind is one of `KINDS`.

- `entries` lists what is installed and what code has registered, `find` returns the entry of a
  reference, and neither imports a plugin; `load` and `get` import its Config class.
- `status` and `error` tell whether and why an entry cannot be used, `reference_of` its shortest
  reference.
- `lazy_names` gives a plugin's package its classes under their names.
- `register` and `unregister` add and remove a Config class of this session; `refresh` reads the
  metadata again.
- `block` and `unblock` forbid and allow a name or a distribution, `limited` does so for a document
  alone; `troubles` tells what is wrong with installed distributions, and with `strict` it is an error.

What cannot be used raises a `PluginError`: unknown, ambiguous, blocked, broken or of another version, also
if it was written for a version of the plugin API that is not among `PLUGIN_APIS`.

Examples
--------
>>> from optiplug import registry
>>> registry.find("optimizers", "sgd").qualified
'sgd@optiplug-sgd'
>>> registry.get("optimizers", "sgd").__name__
'SGDConfig'
"""

from __future__ import annotations

from typing import Any

from ._deprecation import warn_deprecated
from ._registry.entry_points import KINDS, SESSION, Entry
from ._registry.lazy_names import lazy_names
from ._registry.plugin_api import PLUGIN_API, PLUGIN_APIS
from ._registry.registry import Registry, installed_plugins
from ._registry.troubles import Trouble

__all__ = [
    "KINDS",
    "PLUGIN_API",
    "PLUGIN_APIS",
    "SESSION",
    "Entry",
    "Registry",
    "Trouble",
    "block",
    "entries",
    "error",
    "find",
    "get",
    "lazy_names",
    "limited",
    "load",
    "reference_of",
    "refresh",
    "register",
    "status",
    "strict",
    "troubles",
    "unblock",
    "unregister",
]

block = installed_plugins.block
entries = installed_plugins.entries
error = installed_plugins.error
find = installed_plugins.find
get = installed_plugins.get
limited = installed_plugins.limited
load = installed_plugins.load
reference_of = installed_plugins.reference_of
refresh = installed_plugins.refresh
register = installed_plugins.register
status = installed_plugins.status
strict = installed_plugins.strict
troubles = installed_plugins.troubles
unblock = installed_plugins.unblock
unregister = installed_plugins.unregister


def __getattr__(name: str) -> Any:
    if name != "registry":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The instance had the name of this module, so `import optiplug.registry` gave now one, now the other.
    warn_deprecated("optiplug.registry.registry")
    return installed_plugins
