"""Paths over a landscape: what an optimizer does there, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from optiplug import OptimizerConfig, Tensor

from .landscapes import LANDSCAPES, Landscape

__all__ = ["RATES", "STEPS", "Descent", "Taken", "steepest"]

Path = NDArray[np.float64]

STEPS = 120
RATES = (1.0, 0.3, 0.1, 0.03, 0.01)
_VALLEY = LANDSCAPES["valley"]


@dataclass(frozen=True)
class Taken:
    """The points of a path, the start first; `rate` is the one of `RATES` that it took, None for its own."""

    points: Path
    rate: float | None = None


def steepest(config: OptimizerConfig, landscape: Landscape = _VALLEY, steps: int = STEPS) -> Taken:
    """Return the path of an optimizer with the learning rate, out of a few, with which it ends lowest.

    One that has no learning rate of its own, or one that adapts itself, goes with what it has.
    """
    if getattr(config, "learning_rate", None) in (None, 1.0):
        return Taken(Descent(config, landscape, steps).path())
    first = config.model_copy(update={"learning_rate": RATES[0]})
    training = Descent(first, landscape, steps)
    return min(
        (Taken(training.path(rate), rate) for rate in RATES), key=lambda taken: _end(taken.points, landscape)
    )


class Descent:
    """An optimizer that goes down a landscape, as often as it is asked to, and is traced once."""

    def __init__(self, config: OptimizerConfig, landscape: Landscape = _VALLEY, steps: int = STEPS) -> None:
        self._landscape, self._number = landscape, steps
        # A row of two is a matrix, so what is for matrices has one.
        self.place = tf.Variable(tf.constant([landscape.start]), name="kernel")
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
        return self._points(self._steps(tf.constant(self._number)))

    def averages(self) -> Path:
        """Return the averages after each step."""
        self._begin()
        points = []
        for _ in range(self._number):
            self._steps(tf.constant(1))
            with self.optimizer.averaged_weights():
                points.append(self.place.numpy())
        return self._points(points)

    def _begin(self) -> None:
        for variable, value in self._values:
            variable.assign(value)

    def _trace(self, steps: Tensor) -> Tensor:
        def step(number: Tensor, points: Any) -> tuple[Tensor, Any]:
            height = self._landscape.height
            self.optimizer.minimize(lambda: height(self.place[0, 0], self.place[0, 1]), [self.place])
            return number + 1, points.write(number, self.place.read_value())

        points = tf.TensorArray(tf.float32, steps)
        return tf.while_loop(lambda number, _: number < steps, step, (0, points))[1].stack()

    def _points(self, places: Any) -> Path:
        start = [self._landscape.start]
        return np.concatenate([start, np.reshape(places, (self._number, 2))]).astype(np.float64)


def _end(path: Path, landscape: Landscape) -> float:
    end = float(landscape.height(*path[-1]))
    return end if np.isfinite(end) else np.inf
