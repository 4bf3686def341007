"""The classes of a plugin's package under their own names, each imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optiplug.errors import PluginError

from .entry_points import Entry
from .registry import installed_plugins

__all__ = ["lazy_names"]


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package, for the classes that its entry points offer.

    These are the Config classes and what they configure. None is imported before it is asked for, so
    TensorFlow is not imported with the package.

    Parameters
    ----------
    package
        The name of the package: ``__name__`` in its ``__init__.py``.

    Examples
    --------
    >>> from optiplug import registry
    >>> find, names = registry.lazy_names("optiplug_sgd")
    >>> names(), find("SGDConfig").__module__
    (['SGD', 'SGDConfig'], 'optiplug_sgd.config')
    """

    def get(name: str) -> Any:
        # Python asks for many names of its own, none of which is offered.
        offered = {} if name.startswith("_") else _offered(package)
        if name not in offered:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        config = installed_plugins.load(offered[name])
        return config if config.__name__ == name else config.load_implementation()

    return get, lambda: sorted(_offered(package))


def _offered(package: str) -> Mapping[str, Entry]:
    """Return the entry of each name: of a Config class, and of what it configures."""
    offered = {}
    for entry in installed_plugins.entries():
        module, _, cls = entry.target.partition(":")
        if module.partition(".")[0] != package:
            continue
        offered[cls] = entry
        try:
            target = installed_plugins.load(entry).implementation
        except PluginError:  # one that is blocked or broken must not hide the others
            continue
        offered[target.rpartition(":")[2] if isinstance(target, str) else target.__name__] = entry
    return offered
