"""Optimizers for `model.compile`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import optiplug

from .adapter import Adapter
from .keras3 import KerasAdapter

__all__ = ["wrap"]

Named: TypeAlias = str | optiplug.NamedConfig | Mapping[str, object] | Path | optiplug.Optimizer
"""What says which optimizer is meant."""

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
        with `use`, the Path of a file of one, or an optimizer. An optimizer serves one model.
    keras
        The module that the model is from: `tf_keras`, or by default Keras 3.
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
    return _adapter(keras)(_optimizer(optimizer, hyperparameters))


def _adapter(keras: ModuleType | None) -> type[Adapter]:
    wanted = KerasAdapter if keras is None else getattr(getattr(keras, "optimizers", None), "Optimizer", None)
    if isinstance(wanted, type) and issubclass(KerasAdapter, wanted):
        return KerasAdapter
    if getattr(wanted, "__module__", "").startswith("tf_keras."):
        from .tf_keras import TFKerasAdapter

        return TFKerasAdapter
    raise optiplug.ConfigError("`keras` must be the module keras or tf_keras", received=keras)


def _optimizer(optimizer: object, hyperparameters: Mapping[str, object]) -> optiplug.Optimizer:
    if isinstance(optimizer, str):
        return optiplug.from_config({"use": optimizer, **hyperparameters})
    if hyperparameters:
        raise optiplug.ConfigError(
            "hyperparameters go with the name of an optimizer, not with a config or an optimizer",
            received=sorted(hyperparameters),
            hint="put them where the others are",
        )
    if isinstance(optimizer, optiplug.Optimizer):
        return optimizer
    if isinstance(optimizer, optiplug.NamedConfig | Mapping | Path):
        return optiplug.from_config(optimizer)
    raise optiplug.ConfigError(
        "must be the name of an optimizer of optiplug, a config, or an optimizer",
        received=optimizer,
        hint="`optiplug list` shows the names",
    )
