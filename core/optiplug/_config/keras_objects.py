"""Arguments of older code to a constructor, and of Keras to `from_config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug._deprecation import warn_deprecated
from optiplug.errors import ConfigError

from .registration import config_class

__all__ = ["FOR_KERAS", "KERAS_NAMES", "of_keras", "recreated", "renamed"]

KERAS_NAMES = {"adam_w": "adamw", "rm_sprop": "rmsprop", "schedule_free_adam_w": "schedule_free_adamw"}
"""What Keras 3 calls its optimizers, where that is not what they are called here."""

FOR_KERAS = "optiplug_keras"
"""What a user of Keras has to import, for messages: the core imports it nowhere."""

_OF_AVERAGES = {"ema_momentum", "ema_overwrite_frequency"}


def of_keras(config: Mapping[str, object], configured: type) -> dict[str, object]:
    """Return a config for this class without the name of it, and without what Keras writes and does not say.

    >>> class Descent:
    ...     class Config:
    ...         unsaid = {"loss_scale_factor": None}
    >>> of_keras({"use": "sgd", "momentum": 0.9, "loss_scale_factor": None}, Descent)
    {'momentum': 0.9}
    """
    unsaid = dict(getattr(getattr(configured, "Config", None), "unsaid", {}))
    if config.get("use_ema") is False:  # RMSprop of tf_keras has another default
        unsaid |= {name: config[name] for name in _OF_AVERAGES & config.keys()}
    said = {name: value for name, value in config.items() if name not in unsaid or value != unsaid[name]}
    # The class is known already, and its Config has no field `use`.
    said.pop("use", None)
    return said


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
        warn_deprecated("lr", stacklevel=3)
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
