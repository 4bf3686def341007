"""Polynomial decay, once or in cycles."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.polynomial import PolynomialConfig
from .progress import interpolate, periods, remaining, spanned

__all__ = ["PolynomialDecay"]


class PolynomialDecay(Schedule):
    """Polynomial decay to a final value, linear by default.

    ::

        weight = (1 - min(step, decay_steps) / decay_steps) ^ power
        value  = (initial_learning_rate - end_learning_rate) * weight + end_learning_rate

    With `cycle`, instead of holding `step` at `decay_steps`, `decay_steps` is replaced by its first multiple
    that is not below `step`: the value touches the end value at every multiple and jumps up one step later.

    >>> print(PolynomialDecay(1.0, decay_steps=100, end_learning_rate=0.5)(50).numpy())
    0.75
    """

    Config = PolynomialConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        left = self._left_in_cycle(step) if config.cycle else remaining(step, config.decay_steps)
        return interpolate(config.initial_learning_rate, config.end_learning_rate, tf.pow(left, config.power))

    def _left_in_cycle(self, step: Tensor) -> Tensor:
        # The ceiling of a quotient is minus the floor of minus it; step 0 is in the first cycle already.
        begun = tf.maximum(-periods(-step, self.config.decay_steps), 1)
        length = spanned(begun, self.config.decay_steps, step.dtype)
        return (length - step) / length
