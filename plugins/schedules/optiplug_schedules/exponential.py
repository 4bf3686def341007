"""Exponential decay, smooth or in stairs."""

from __future__ import annotations

import math

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.exponential import ExponentialConfig
from .progress import periods

__all__ = ["ExponentialDecay"]


class ExponentialDecay(Schedule):
    """Exponential decay, continuous or in a staircase.

    ::

        value = initial_learning_rate * decay_rate ^ (step / decay_steps)

    With `staircase`, ``step / decay_steps`` is rounded down.

    Differs from `tf_keras` in float32 only, where a power of the rounded `decay_rate` drifts: 0.9999 to the
    10,000th is wrong in the fourth digit there. Here the exponent is formed from the logarithm of the rate.

    >>> print(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5, staircase=True)(19).numpy())
    0.25
    """

    Config = ExponentialConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        slope = math.log(config.decay_rate)
        if config.staircase:
            exponent = tf.cast(periods(step, config.decay_steps), step.dtype) * slope
        else:
            exponent = step * (slope / config.decay_steps)
        return config.initial_learning_rate * tf.exp(exponent)
