"""Several schedules, one after the other."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.join import JoinConfig
from .progress import passed

__all__ = ["Join"]


class Join(Schedule):
    """Several schedules or numbers, one after the other.

    ``schedules[i](step - boundaries[i - 1])`` from step ``boundaries[i - 1]`` up to the step before
    ``boundaries[i]``, as optax' `join_schedules`. A boundary belongs to the schedule after it. No schedule is
    evaluated outside of its own interval, where it might divide by zero.

    >>> schedule = Join(schedules=[1.0, 0.5, 0.25], boundaries=[100, 200])
    >>> [float(schedule(step)) for step in (99, 100, 500)]
    [1.0, 0.5, 0.25]
    """

    Config = JoinConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        starts, ends = (0, *config.boundaries), (*config.boundaries, None)
        values = [
            Schedule.of(schedule)(_own_step(step, start, end))
            for schedule, start, end in zip(config.schedules, starts, ends, strict=True)
        ]
        # All are evaluated, without a branch in the compiled step: a schedule is a few scalars.
        return tf.gather(tf.stack(values), passed(step, config.boundaries))


def _own_step(step: Tensor, start: int, end: int | None) -> Tensor:
    """Return the step counted from `start`, held within the interval from `start` to before `end`."""
    own = tf.maximum(step - start, 0)
    return own if end is None else tf.minimum(own, end - start - 1)
