"""Arguments of older code to a constructor, and of Keras to `from_config`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from optiplug.errors import ConfigError

from .registration import config_class

__all__ = ["recreated", "renamed"]


def renamed(hyperparameters: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments of a constructor with `lr` renamed to `learning_rate`.

    Raises
    ------
    ConfigError
        If there is a `learning_rate` too.
    """
    # Keras writes `is_legacy_optimizer` into every config; it says nothing about ours.
    given = {name: value for name, value in hyperparameters.items() if name != "is_legacy_optimizer"}
    if "lr" in given:
        if "learning_rate" in given:
            raise ConfigError("is the old name of `learning_rate`, which was given too", where="lr")
        # A FutureWarning, because Python hides a DeprecationWarning from most users.
        warnings.warn("`lr` is deprecated: write `learning_rate`.", FutureWarning, stacklevel=3)
        given["learning_rate"] = given.pop("lr")
    return given


def recreated(value: object, custom_objects: Mapping[str, Any]) -> Any:
    """Return a config in which names of `custom_objects` are replaced by the objects.

    A mapping with ``use`` becomes the config of that object, one with Keras' ``class_name`` what
    the `from_config` of that class returns.
    """
    if isinstance(value, list | tuple):
        return [recreated(item, custom_objects) for item in value]
    if isinstance(value, str) or not isinstance(value, Mapping):
        return value
    fields: dict[str, Any] = {key: recreated(item, custom_objects) for key, item in value.items()}
    match fields:
        case {"use": str(name)} if name in custom_objects:
            del fields["use"]
            return config_class(custom_objects[name])(**fields)
        case {"class_name": str(name), "config": config} if name in custom_objects:
            return custom_objects[name].from_config(config)
    return fields
