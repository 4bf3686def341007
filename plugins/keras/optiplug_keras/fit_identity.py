"""What a `fit` depends on, and must find again when it goes on."""

from __future__ import annotations

import json
import warnings
from importlib.metadata import version
from typing import Any

import optiplug
from optiplug.checkpoint import identity_of

from .adapter import Adapter
from .untyped import KerasModel

__all__ = ["identity_of_fit"]


def identity_of_fit(model: KerasModel, *, data: dict[str, Any]) -> dict[str, Any]:
    """Return the sections config, data, versions and replicas, as JSON."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    ours = optimizer.optimizer.config if isinstance(optimizer, Adapter) else None
    replicas = model.distribute_strategy.num_replicas_in_sync
    try:
        found = identity_of({"optimizer": ours} if ours is not None else {}, data=data, replicas=replicas)
    except optiplug.ConfigError:
        warnings.warn(
            "something in the config of the optimizer is given in code only: what was saved is compared by "
            "the class of the optimizer, and a change in its config is not noticed.",
            stacklevel=2,
        )
        found = identity_of({}, data=data, replicas=replicas)
        found["config"] = {"optimizer": repr(type(ours))}
    if ours is None:
        found["config"] = {"optimizer": _plain(optimizer)}
    # Ours is `optiplug_keras.tf_keras` for that one.
    flavour = "tf_keras" if "tf_keras" in type(optimizer).__module__ else "keras"
    for name in (flavour, "optiplug-keras"):
        found["versions"][name] = {"version": version(name)}
    return found


def _plain(optimizer: Any) -> Any:
    """Return the config of an optimizer of Keras, but for the rate, which callbacks set."""
    config = {
        name: value for name, value in optimizer.get_config().items() if name not in ("learning_rate", "name")
    }
    return json.loads(json.dumps({"class": type(optimizer).__name__, **config}, default=str))
