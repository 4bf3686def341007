"""Optimizers for `model.compile`."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import tensorflow as tf

import optiplug
from optiplug.document import FORMATS

from .adapter import Adapter
from .keras3 import KerasAdapter

__all__ = ["PREFIX", "names_file", "wrap"]

Named: TypeAlias = str | optiplug.NamedConfig | Mapping[str, object] | PathLike[str] | optiplug.Optimizer
"""What says which optimizer is meant."""

PREFIX = "optiplug:"
"""What tells a name of ours from one of Keras' in `model.compile`."""

_INSTEAD = {
    "gradient_accumulation_steps": "list {'use': 'accumulate', 'steps': ...} under `processors`",
    "loss_scale_factor": "wrap the result in Keras' LossScaleOptimizer, as Keras does under mixed_float16",
}


def wrap(optimizer: Named, /, *, keras: ModuleType | None = None, **hyperparameters: Any) -> Any:
    """Return an optimizer of optiplug as one that `model.compile` takes.

    Parameters
    ----------
    optimizer
        The name of an optimizer, with its `hyperparameters`; or by itself a config, a mapping
        with `use`, the path of a file of one, or an optimizer. An optimizer serves one model.
    keras
        The module that the model is from: `keras`, `tf_keras`, or by default `tf.keras`, which is Keras 3
        unless TF_USE_LEGACY_KERAS says otherwise. `model.compile` takes the other one, too.
    hyperparameters
        The fields of the config, `clipnorm`, `weight_decay`, `use_ema` and `processors` included.

    Returns
    -------
    A `keras.optimizers.Optimizer` of that module; its attribute `optimizer` is ours.

    Raises
    ------
    ConfigError
        If a hyperparameter breaks a rule or belongs to Keras only, or if this is no optimizer.

    Examples
    --------
    >>> import keras, optiplug_keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(optimizer=optiplug_keras.wrap("sgd", learning_rate=0.1, clipnorm=1.0), loss="mse")
    >>> model.optimizer.optimizer.config.clipnorm
    1.0
    """
    for name, hint in _INSTEAD.items():
        if name in hyperparameters:
            received = hyperparameters[name]
            raise optiplug.ConfigError(f"{name!r} belongs to Keras' optimizers", received=received, hint=hint)
    return _adapter(tf.keras if keras is None else keras)(_optimizer(optimizer, hyperparameters))


def names_file(text: str) -> bool:
    """Whether a text is the path of a file of a config, by its end."""
    return Path(text).suffix in FORMATS


def _adapter(keras: ModuleType) -> type[Adapter]:
    wanted = getattr(getattr(keras, "optimizers", None), "Optimizer", None)
    if isinstance(wanted, type) and issubclass(KerasAdapter, wanted):
        return KerasAdapter
    if getattr(wanted, "__module__", "").startswith("tf_keras."):
        from .tf_keras import TFKerasAdapter

        return TFKerasAdapter
    raise optiplug.ConfigError("`keras` must be the module keras or tf_keras", received=keras)


def _optimizer(optimizer: object, hyperparameters: Mapping[str, object]) -> optiplug.Optimizer:
    if isinstance(optimizer, str):
        optimizer = optimizer.removeprefix(PREFIX)
        if not names_file(optimizer):
            return optiplug.from_config({"use": optimizer, **hyperparameters})
    if hyperparameters:
        raise optiplug.ConfigError(
            "hyperparameters go with the name of an optimizer, not with a config or an optimizer",
            received=sorted(hyperparameters),
            hint="put them where the others are",
        )
    if isinstance(optimizer, optiplug.Optimizer):
        return optimizer
    if isinstance(optimizer, optiplug.NamedConfig | Mapping):
        return optiplug.from_config(optimizer)
    if isinstance(optimizer, str | PathLike):
        return optiplug.from_config(Path(optimizer))
    raise optiplug.ConfigError(
        "must be the name of an optimizer of optiplug, a config, or an optimizer",
        where="optiplug_keras.wrap",
        received=optimizer,
        hint="`optiplug list` shows the names",
    )
