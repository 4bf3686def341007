"""Decay with the square root of the step."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.inverse_sqrt import InverseSqrtConfig
from .progress import elapsed

__all__ = ["InverseSqrt"]


class InverseSqrt(Schedule):
    """Linear warmup, then decay with the inverse square root of the step.

    ::

        t = step + 1
        value = peak_learning_rate * min(t / warmup_steps, sqrt(warmup_steps / t))

    The paper counts steps from 1, so that the first is not one with a rate of 0, and writes
    ``d_model^-0.5 * min(t^-0.5, t * warmup_steps^-1.5)``: a peak of ``(d_model * warmup_steps)^-0.5``.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 5.3.

    >>> schedule = InverseSqrt(1.0, warmup_steps=4)
    >>> [float(schedule(step)) for step in (0, 1, 3, 15, 63)]
    [0.25, 0.5, 1.0, 0.5, 0.25]
    """

    Config = InverseSqrtConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        t = step + 1
        decay = tf.sqrt(config.warmup_steps / tf.maximum(t, config.warmup_steps))
        return config.peak_learning_rate * elapsed(t, config.warmup_steps) * decay
