"""Decay with a power of the step."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.power_decay import PowerDecayConfig

__all__ = ["PowerDecay"]


class PowerDecay(Schedule):
    """Decay with a power of the step.

    ::

        value = initial_learning_rate * max(step - offset, 1) ^ power

    With `pre_offset_learning_rate` the value is that one up to and with step `offset`, and at most that one
    afterwards. Equal to `DirectPowerDecay` and `PowerDecayWithOffset` of the TensorFlow Model Garden, in a
    `product` with a `linear` schedule to its `PowerAndLinearDecay`.

    >>> schedule = PowerDecay(1.0, power=-0.5, offset=10, pre_offset_learning_rate=0.5)
    >>> [float(schedule(step)) for step in (0, 10, 11, 14, 26)]
    [0.5, 0.5, 0.5, 0.5, 0.25]
    """

    Config = PowerDecayConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        decayed = config.initial_learning_rate * tf.pow(tf.maximum(step - config.offset, 1), config.power)
        if config.pre_offset_learning_rate is None:
            return decayed
        before = tf.constant(config.pre_offset_learning_rate, step.dtype)
        return tf.where(step > config.offset, tf.minimum(decayed, before), before)
