"""One problem, trained wherever and however a step can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from support.device_places import OnMesh, Place, Values

CALLS, BATCH = 16, 8
SHAPES: dict[str, tuple[int, ...]] = {"kernel": (4, 6), "bias": (6,), "scale": (), "table": (32, 20)}
SGD: dict[str, Any] = {"learning_rate": 0.05}
EVERYTHING: dict[str, Any] = {
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.05, "decay_steps": 12},
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 4,
    "processors": [{"use": "skip_non_finite"}, {"use": "accumulate", "steps": 2}],
}
BROKEN_CALLS = (6, 7, 11)


def batches(*, broken: bool = False) -> Any:
    """Return a batch for each call.

    Of a broken one only the first replica sees the NaN. Where two calls make a step, the broken ones come
    between two steps and in the middle of one, and the last call of all is still held at the end.
    """
    data = np.random.default_rng(1).normal(size=(CALLS, BATCH, 4)).astype("float32")
    if broken:
        data[list(BROKEN_CALLS), 0, 0] = np.nan
    return data


def loss(variables: Sequence[Any], x: Any) -> Any:
    """Return what a part of a batch contributes to the loss of the whole batch."""
    kernel, bias, scale, table = variables
    residual = tf.matmul(x, kernel) * scale + bias - 1.0
    return (tf.reduce_sum(residual**2) / 6 + tf.reduce_sum(table**2) * 0.01 * x.shape[0]) / BATCH


class Run:
    """The variables of the problem and their optimizer, at a place."""

    def __init__(
        self, place: Place, config: Mapping[str, Any] = SGD, optimizer: str = "sgd", **runtime: Any
    ) -> None:
        self.place = place
        quiet = {"jit_compile": False} if isinstance(place, OnMesh) else {}  # DTensor compiles nothing
        generator = np.random.default_rng(0)
        with place.scope():
            self.variables = [
                place.variable(generator.normal(size=shape).astype("float32"), name)
                for name, shape in SHAPES.items()
            ]
            self.optimizer = optiplug.create(optimizer, **{**quiet, **config}, **runtime)
        self.model = dict(zip(SHAPES, self.variables, strict=True))
        self.checkpoint = tf.train.Checkpoint(optimizer=self.optimizer, **self.model)

    def apply(self, gradients: Sequence[Any]) -> None:
        self.optimizer.apply_gradients(zip(gradients, self.variables, strict=True))

    def step(self, x: Any) -> None:
        """Take a step on the part of a batch that one replica sees."""
        with tf.GradientTape() as tape:
            value = loss(self.variables, x)
        self.apply(tape.gradient(value, self.variables))

    def train(self, data: Any, mode: str = "graph") -> Run:
        """Take a step on each batch."""
        call = self.place.on_batches(self.step, mode)
        for batch in data:
            call(batch)
        return self

    def state(self, name: str) -> Any:
        """Return the variable that holds a state."""
        return self.optimizer.state.states[name].variable

    def values(self) -> Values:
        """Return model and state, by name, which are the same bits on each device."""
        first, *others = self.place.values(self.model | self.optimizer.state.states)
        for other in others:
            assert_equal(other, first)
        return first


def train(place: Place, config: Mapping[str, Any], mode: str) -> tuple[Run, Values, Values]:
    """Return a run, its values after training, and those after the averages were put in place.

    Where the config leaves out broken gradients, there are some.
    """
    run = Run(place, config).train(batches(broken="processors" in config), mode)
    trained = run.values()
    run.optimizer.finalize_variable_values(run.variables)
    return run, trained, run.values()


def assert_close(values: Values, expected: Values) -> None:
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-6, atol=1e-6, err_msg=name)


def assert_equal(values: Values, expected: Values) -> None:
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
