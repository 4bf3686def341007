"""Linear warmup around any schedule."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.warmup import WarmupConfig
from .progress import elapsed, interpolate

__all__ = ["Warmup"]


class Warmup(Schedule):
    """Linear warmup to any schedule or number, which takes over from there.

    ::

        value = initial + (schedule(0) - initial) * step / warmup_steps     step < warmup_steps
        value = schedule(step - warmup_steps)                               from then on

    Source: Goyal et al. 2017, arXiv:1706.02677. Equal to optax' `linear_schedule` joined with the schedule.

    >>> schedule = Warmup(0.5, warmup_steps=10)
    >>> [float(schedule(step)) for step in (0, 5, 10, 100)]
    [0.0, 0.25, 0.5, 0.5]
    """

    Config = WarmupConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        # Held at its own step 0 until the warmup ends: one evaluation is the target and what follows.
        after = Schedule.of(config.schedule)(tf.maximum(step - config.warmup_steps, 0))
        return interpolate(after, config.initial_learning_rate, elapsed(step, config.warmup_steps))
