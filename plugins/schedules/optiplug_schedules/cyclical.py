"""Cyclical learning rates."""

from __future__ import annotations

import math

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.cyclical import CyclicalConfig
from .progress import elapsed, periods, remaining

__all__ = ["Cyclical"]


class Cyclical(Schedule):
    """Triangular cyclical learning rate, with a constant or decaying amplitude.

    ::

        cycle  = floor(step / (2 * step_size))
        height = 1 - |step / step_size - 2 * cycle - 1|
        value  = initial_learning_rate + (maximal_learning_rate - initial_learning_rate) * height * scale

    with ``scale = 1`` (triangular), ``0.5 ^ cycle`` (triangular2) or ``gamma ^ step`` (exp_range).

    Source: Smith 2017, arXiv:1506.01186. Equal to TensorFlow Addons' `TriangularCyclicalLearningRate`,
    `Triangular2CyclicalLearningRate` and `ExponentialCyclicalLearningRate`, each with its own default of
    what is called `scale_mode` there.

    >>> schedule = Cyclical(0.0, 1.0, step_size=4, mode="triangular2")
    >>> [float(schedule(step)) for step in (0, 2, 4, 6, 8, 12, 16)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 0.0]
    """

    Config = CyclicalConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        halves = periods(step, config.step_size)
        inside = step - tf.cast(halves * config.step_size, step.dtype)
        risen, left = elapsed(inside, config.step_size), remaining(inside, config.step_size)
        rises = tf.equal(halves % 2, 0)
        above, below = tf.where(rises, risen, left), tf.where(rises, left, risen)
        full = config.maximal_learning_rate * above + config.initial_learning_rate * below
        scale, rest = self._scale(step, halves // 2)
        return full * scale + config.initial_learning_rate * rest

    def _scale(self, step: Tensor, cycle: Tensor) -> tuple[Tensor, Tensor]:
        """Return the amplitude of this cycle, relative to the first, and one minus it."""
        if self.config.mode == "exp_range":
            exponent = step * math.log(self.config.gamma)
            return tf.exp(exponent), -tf.math.expm1(exponent)
        base = 0.5 if self.config.mode == "triangular2" else 1.0
        scale = tf.pow(tf.constant(base, step.dtype), tf.cast(cycle, step.dtype))
        return scale, 1 - scale
