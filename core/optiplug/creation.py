"""Objects by name, and optimizers from configs and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .document import read
from .errors import ConfigError, UnknownPluginError
from .named import NamedConfig, resolve
from .optimizer import Optimizer
from .registry import registry

__all__ = ["create", "from_config"]

_KINDS = ("optimizers", "processors", "schedules")


def create(name: str, /, **hyperparameters: Any) -> Any:
    """Create an optimizer, a processor or a schedule by its name.

    Parameters
    ----------
    name
        ``name``, ``name@distribution`` or ``name@distribution>=1.2``. Optimizers come first,
        then processors, then schedules.
    hyperparameters
        The fields of its config.

    Raises
    ------
    PluginError
        If nothing of this name is installed, or it cannot be used.
    ConfigError
        If a hyperparameter breaks a rule.

    Examples
    --------
    >>> import optiplug
    >>> optiplug.create("sgd", learning_rate=0.1, momentum=0.9).config.momentum
    0.9
    """
    for kind in _KINDS:
        try:
            config: type[NamedConfig] = registry.get(kind, name)
        except UnknownPluginError:
            continue
        return config(**hyperparameters).create()
    return registry.get(_KINDS[0], name)  # raises, with the nearest name of an optimizer


def from_config(config: Mapping[str, Any] | str | Path | NamedConfig) -> Optimizer:
    """Create an optimizer from a config object, a mapping with `use`, or the path of a file of one.

    Raises
    ------
    ConfigError
        If the config breaks rules: all of them, with ``file:line:column`` for a file.

    Examples
    --------
    >>> import optiplug
    >>> optimizer = optiplug.from_config({"use": "sgd", "learning_rate": 0.5})
    >>> optiplug.from_config(optimizer.get_config()).config == optimizer.config
    True
    """
    if isinstance(config, NamedConfig | Mapping):
        return _optimizer(config)
    document = read(Path(config))
    try:
        return _optimizer(document.data)
    except ConfigError as error:
        raise document.locate(error) from None


def _optimizer(config: Any) -> Optimizer:
    optimizer: Optimizer = resolve("optimizers", config).create()
    return optimizer
