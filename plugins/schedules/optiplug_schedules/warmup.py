"""Warmup around any schedule."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.warmup import WarmupConfig
from .progress import elapsed, interpolate

__all__ = ["Warmup"]


class Warmup(Schedule):
    """Linear or polynomial warmup to any schedule or number, which takes over from there.

    ::

        risen = (min(step, warmup_steps) / warmup_steps) ^ power
        value = initial + (schedule(0) - initial) * risen                   step < warmup_steps
        value = schedule(step - warmup_steps)                               from then on

    Without `shift` the schedule counts its steps from 0, and its first ones are not seen: ``schedule(0)`` is
    ``schedule(warmup_steps)`` there, and ``schedule(step - warmup_steps)`` is ``schedule(step)``.

    Source: Goyal et al. 2017, arXiv:1706.02677. Equal to optax' `linear_schedule` joined with the schedule;
    without `shift` to `LinearWarmup` of the TensorFlow Model Garden and, from step 1 on, to its
    `PolynomialWarmUp`, which at step 0 has the value of step 1.

    >>> schedule = Warmup(0.5, warmup_steps=10)
    >>> [float(schedule(step)) for step in (0, 5, 10, 100)]
    [0.0, 0.25, 0.5, 0.5]
    """

    Config = WarmupConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        # Held where the warmup ends until then: one evaluation is the target and what follows.
        own = tf.maximum(step, config.warmup_steps)
        after = Schedule.of(config.schedule)(own - config.warmup_steps if config.shift else own)
        risen = elapsed(step, config.warmup_steps)
        if config.power != 1:
            risen = tf.pow(risen, config.power)
        return interpolate(after, config.initial_learning_rate, risen)
