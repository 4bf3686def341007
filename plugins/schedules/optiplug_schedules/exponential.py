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

        exponent = max(step - transition_begin, 0) / decay_steps
        value    = initial_learning_rate * decay_rate ^ exponent

    With `staircase`, the exponent is rounded down. With `end_learning_rate` the value does not fall below it,
    or with a `decay_rate` of 1 or more not rise above it. Equal to optax' `exponential_decay`.

    Differs from `tf_keras` in float32 only, where a power of the rounded `decay_rate` drifts: 0.9999 to the
    10,000th is wrong in the fourth digit there. Here the exponent is formed from the logarithm of the rate.

    >>> print(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5, staircase=True)(19).numpy())
    0.25
    """

    Config = ExponentialConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        own, slope = step, math.log(config.decay_rate)
        if config.transition_begin:
            own = tf.maximum(step - config.transition_begin, 0)
        if config.staircase:
            exponent = tf.cast(periods(own, config.decay_steps), step.dtype) * slope
        else:
            exponent = own * (slope / config.decay_steps)
        decayed = config.initial_learning_rate * tf.exp(exponent)
        if config.end_learning_rate is None:
            return decayed
        bounded = tf.maximum if config.decay_rate < 1 else tf.minimum
        return bounded(decayed, tf.constant(config.end_learning_rate, step.dtype))
