"""Paths down a valley in two dimensions: what an optimizer, or a processor around descent, does there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from optiplug import OptimizerConfig, create
from optiplug._hookspecs import hook_names

__all__ = ["HEIGHT", "STEPS", "averaged", "descent", "height", "steepest"]

Path = NDArray[np.float64]

STEPS = 120
RATES = (1.0, 0.3, 0.1, 0.03, 0.01)
START = ((-1.4, 1.6),)
HEIGHT = 12.0  # at the start, about: beyond it a path is no descent


def height(x: Any, y: Any) -> Any:
    """Return the height of a curved valley (Rosenbrock's, less steep): 0 at its end, (1, 1)."""
    return (1 - x) ** 2 + 4 * (y - x**2) ** 2


def steepest(config: OptimizerConfig) -> Path:
    """Return the path of an optimizer with the learning rate, out of a few, with which it ends lowest.

    One that has no learning rate of its own, or one that adapts itself, goes with what it has.
    """
    if getattr(config, "learning_rate", None) in (None, 1.0):
        return Descent(config).path()
    training = Descent(config.model_copy(update={"learning_rate": RATES[0]}))
    return min(map(training.path, RATES), key=_end)


def descent(processors: Iterable[Any] = ()) -> Path:
    """Return the path of descent with momentum and these processors."""
    return Descent(_momentum(processors)).path()


def averaged(processors: Iterable[Any]) -> Path | None:
    """Return the path of the averages that such a descent leaves after each step; None if it keeps none."""
    config = _momentum(processors)
    return Descent(config).averages() if "finalize" in hook_names(config.create().processors[0]) else None


def _momentum(processors: Iterable[Any]) -> OptimizerConfig:
    return create("sgd", learning_rate=0.02, momentum=0.8, processors=list(processors)).config


class Descent:
    """An optimizer that goes down the valley, as often as it is asked to, and is traced once."""

    def __init__(self, config: OptimizerConfig) -> None:
        # A row of two is a matrix, so what is for matrices has one.
        self.place = tf.Variable(tf.constant(START), name="kernel")
        self.optimizer = config.model_copy(update={"jit_compile": False}).create()
        self.optimizer.build([self.place])
        self._values = [(each, each.numpy()) for each in (self.place, *self.optimizer.variables)]
        # The partial hides the method, whose traces TensorFlow would add up over all optimizers.
        self._steps = tf.function(partial(self._trace), autograph=False)

    def path(self, rate: float | None = None) -> Path:
        """Return the points on the path, one for each step, with a learning rate or that of the config."""
        self._begin()
        if rate is not None:
            self.optimizer.learning_rate = rate
        return self._points(self._steps(tf.constant(STEPS)))

    def averages(self) -> Path:
        """Return the averages after each step."""
        self._begin()
        points = []
        for _ in range(STEPS):
            self._steps(tf.constant(1))
            with self.optimizer.averaged_weights():
                points.append(self.place.numpy())
        return self._points(points)

    def _begin(self) -> None:
        for variable, value in self._values:
            variable.assign(value)

    def _trace(self, steps: tf.Tensor) -> Any:
        def step(number: Any, points: Any) -> Any:
            self.optimizer.minimize(lambda: height(self.place[0, 0], self.place[0, 1]), [self.place])
            return number + 1, points.write(number, self.place.read_value())

        points = tf.TensorArray(tf.float32, steps)
        return tf.while_loop(lambda number, _: number < steps, step, (0, points))[1].stack()

    def _points(self, places: Any) -> Path:
        return np.concatenate([START, np.reshape(places, (STEPS, 2))]).astype(np.float64)


def _end(path: Path) -> float:
    end = float(height(*path[-1]))
    return end if np.isfinite(end) else np.inf
