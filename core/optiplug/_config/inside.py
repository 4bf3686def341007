"""What is inside of a config: the configs of all plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optiplug.errors import UnknownPluginError

from .base import NamedConfig, config_of, config_of_registered
from .section import Section

__all__ = ["Path", "configs"]

Path = tuple[str | int, ...]


def configs(value: object, path: Path = ()) -> Iterator[tuple[Path, NamedConfig]]:
    """Yield the config of every plugin in `value`, itself included, with its path: the outer ones first."""
    try:
        config = config_of(value) or config_of_registered(value)
    except UnknownPluginError:  # an object with hooks of the user's own, which has none
        return
    if config is not None:
        yield path, config
        value = config
    # Groups and the like are parts of a config without a name of their own.
    if isinstance(value, Section):
        value = dict(value)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from configs(item, (*path, key))
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from configs(item, (*path, index))
