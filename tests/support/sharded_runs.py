"""Runs with sharded state and without, wherever they are: they have to have the same bits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from support.strategies import on_each_replica

# Two that are shared, of which one cannot be divided by 4, nor the other by 32; two that are not.
SHAPES: Mapping[str, tuple[int, ...]] = {
    "table": (131, 126),
    "kernel": (9, 2, 1000),
    "bias": (64,),
    "scale": (),
}
SHARED = ("table", "kernel")
BROKEN = 2  # the call in which one replica has a NaN

CONFIGS: Mapping[str, dict[str, Any]] = {
    "adam": {"use": "adam", "learning_rate": 0.1},
    "chain": {
        "use": "adamw",
        "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 30},
        "amsgrad": True,
        "global_clipnorm": 0.5,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 3,
        "processors": [{"use": "learning_rate_scale", "factor": 0.5, "only": ["?kernel"]}],
    },
    "gates": {
        "use": "adamw",
        "weight_decay": 0.1,
        "clipnorm": 1.0,
        "use_ema": True,
        "processors": ["skip_non_finite", {"use": "accumulate", "steps": 2}],
    },
    "sgdm": {"use": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    "lion": {"use": "lion", "weight_decay": 0.1},
    "partition": {
        "use": "partition",
        "groups": [
            {"name": "tables", "only": ["table"], "optimizer": {"use": "adam", "learning_rate": 0.1}},
            {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
        ],
        "global_clipnorm": 0.5,
    },
}


class Run:
    """A model on a strategy, and its optimizer; `sharded` is what the config says of its state."""

    def __init__(
        self,
        strategy: Any,
        config: Mapping[str, Any],
        *,
        sharded: bool,
        dtype: str = "float64",
        graph: bool = False,
        shapes: Mapping[str, tuple[int, ...]] = SHAPES,
        exact: bool = True,
    ) -> None:
        self.strategy, self.dtype, self._exact = strategy, dtype, exact
        with strategy.scope():
            self.variables = [
                tf.Variable(tf.cast(_normal(0, place, shape), dtype), name=name)
                for place, (name, shape) in enumerate(shapes.items())
            ]
            self.optimizer = optiplug.from_config({**config, "sharded_state": sharded})
        self.checkpoint = tf.train.Checkpoint(**self.values)
        self._names: tuple[str, ...] = tuple(shapes)
        self._step = on_each_replica(strategy, self._replica_step, graph=graph)

    def _replica_step(self, gradients: Mapping[str, Any]) -> None:
        pairs = [(gradients.get(name), each) for name, each in zip(self._names, self.variables, strict=True)]
        self.optimizer.apply_gradients([pair for pair in pairs if pair[0] is not None])

    def train(self, calls: Iterable[int], only: Iterable[str] = (), *, broken: bool = False) -> Run:
        """Take a step for each of these numbers, with gradients for some of the variables or all."""
        count = self.strategy.num_replicas_in_sync
        for call in calls:
            parts = [self._gradients(call, replica, tuple(only) or self._names) for replica in range(count)]
            if broken and call == BROKEN:
                parts[-1]["table"][3, 3] = np.nan
            self._step(parts)
        return self

    def _gradients(self, call: int, replica: int, names: Iterable[str]) -> dict[str, Any]:
        count, gradients = self.strategy.num_replicas_in_sync, {}
        for place, (name, variable) in enumerate(zip(self._names, self.variables, strict=True)):
            if self._exact:
                # In every sum over replicas, so that runs with other numbers of them can be compared.
                whole = np.round(_normal(call + 1, place, variable.shape) * 64) / 64
                own = (whole + replica - (count - 1) / 2) / count
            else:
                own = _normal(call + 1, 100 * replica + place, variable.shape)
            gradients[name] = np.asarray(own, tf.as_dtype(self.dtype).as_numpy_dtype)
        return {name: gradients[name] for name in names}

    @property
    def values(self) -> dict[str, Any]:
        """What a checkpoint is to hold."""
        return {"model": self.variables, "optimizer": self.optimizer}

    @property
    def model(self) -> dict[str, Any]:
        """The variables, which are the same on every device."""
        found = {}
        for name, variable in zip(self._names, self.variables, strict=True):
            first, *others = (each.numpy() for each in self.strategy.experimental_local_results(variable))
            for other in others:
                np.testing.assert_array_equal(first, other, err_msg=name)
            found[name] = first
        return found

    @property
    def state(self) -> dict[str, Any]:
        """The state by name."""
        store: dict[str, Any] = {}
        self.optimizer.save_own_variables(store)
        return store


def assert_same(one: Run, other: Run) -> None:
    """Compare every bit of the variables and of the state."""
    for ours, theirs in ((one.model, other.model), (one.state, other.state)):
        assert list(ours) == list(theirs)
        for name, value in ours.items():
            np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def _normal(call: int, place: int, shape: Any) -> Any:
    return np.random.default_rng([call, place]).normal(size=tuple(shape))
