"""Decay with the inverse of the step."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.inverse_time import InverseTimeConfig
from .progress import periods

__all__ = ["InverseTimeDecay"]


class InverseTimeDecay(Schedule):
    """Inverse time decay, continuous or in a staircase.

    ::

        value = initial_learning_rate / (1 + decay_rate * step / decay_steps)

    With `staircase`, ``step / decay_steps`` is rounded down.

    Source: Robbins and Monro 1951, *A Stochastic Approximation Method*, who ask for rates that fall as
    one over the step does; the form is Keras'.

    >>> print(InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(30).numpy())
    0.25
    """

    Config = InverseTimeConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        if config.staircase:
            growth = tf.cast(periods(step, config.decay_steps), step.dtype) * config.decay_rate
        else:
            growth = step * (config.decay_rate / config.decay_steps)
        return config.initial_learning_rate / (1 + growth)
