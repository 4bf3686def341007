"""Creates objects by name, and optimizers from configs and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optiplug import registry

from ._config.base import NamedConfig, resolve
from ._config.documents import optimizer_of
from ._config.keras_objects import KERAS_NAMES
from ._optimizer.optimizer import Optimizer
from ._types import Mesh
from .document import read
from .errors import ConfigError, DriftError, UnknownPluginError
from .locking import read_lock, under

__all__ = ["create", "from_config"]

_KINDS = ("optimizers", "processors", "schedules")


def create(name: str, /, *, mesh: Mesh | None = None, **hyperparameters: object) -> Any:
    """Create an optimizer, a processor or a schedule by its name.

    Parameters
    ----------
    name
        ``name``, ``name@distribution`` or ``name@distribution>=1.2``. Optimizers come first,
        then processors, then schedules. What Keras 3 calls its own, such as ``adam_w``, is known, too.
    mesh
        The `tf.experimental.dtensor.Mesh` of an optimizer whose variables are on one; see `Optimizer`.
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
    # Only an optimizer has a mesh.
    for kind in _KINDS if mesh is None else _KINDS[:1]:
        try:
            config: type[NamedConfig] = registry.get(kind, name)
        except UnknownPluginError:
            continue
        return config(**hyperparameters).create(**_runtime(mesh))
    if name in KERAS_NAMES:
        return create(KERAS_NAMES[name], mesh=mesh, **hyperparameters)
    return registry.get(_KINDS[0], name)  # raises, with the nearest name of an optimizer


def from_config(
    config: Mapping[str, object] | str | Path | NamedConfig,
    *,
    mesh: Mesh | None = None,
    lock: str | Path | None = None,
) -> Optimizer:
    """Create an optimizer from a config object, a mapping with `use`, or the path of a file of one.

    With the key `plugins` a mapping or a file says what it requires to be installed and which plugins it
    may use: `require`, `allow`, `block` and `strict`, checked before anything is imported.

    Parameters
    ----------
    config
        What describes the optimizer.
    mesh
        As in `create`; it is no part of a config.
    lock
        The path of a lock file, as `optiplug lock` writes it: plugins must be as they are in it.

    Raises
    ------
    ConfigError
        If the config breaks rules: all of them, with ``file:line:column`` for a file.
    IncompatiblePluginError
        If plugins are not as locked: a `DriftError` with all of them, before one of them is imported.

    Examples
    --------
    >>> import optiplug
    >>> optimizer = optiplug.from_config({"use": "sgd", "learning_rate": 0.5})
    >>> optiplug.from_config(optimizer.get_config()).config == optimizer.config
    True
    """
    held = None if lock is None else read_lock(lock)
    if isinstance(config, NamedConfig | Mapping):
        return _optimizer(under(held, lambda: _resolved(config)), mesh)
    document = read(Path(config))
    try:
        return _optimizer(under(held, lambda: _resolved(document.data), document), mesh)
    except DriftError:
        raise
    except ConfigError as error:
        raise document.locate(error) from None


def _resolved(config: Mapping[str, object] | NamedConfig) -> NamedConfig:
    return resolve("optimizers", config) if isinstance(config, NamedConfig) else optimizer_of(config)


def _optimizer(config: NamedConfig, mesh: Mesh | None) -> Optimizer:
    optimizer: Optimizer = config.create(**_runtime(mesh))
    return optimizer


def _runtime(mesh: Mesh | None) -> dict[str, Mesh]:
    """Return the arguments of a constructor that are no part of the config."""
    # A class written for Keras has no argument `mesh`.
    return {} if mesh is None else {"mesh": mesh}
