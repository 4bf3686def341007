"""Linear transition."""

from __future__ import annotations

from optiplug import Schedule, Tensor

from .configs.linear import LinearConfig
from .progress import elapsed, remaining

__all__ = ["Linear"]


class Linear(Schedule):
    """Linear transition between two values.

    ::

        fraction = min(max(step - transition_begin, 0), transition_steps) / transition_steps
        value    = initial_learning_rate + (end_learning_rate - initial_learning_rate) * fraction

    Equal to optax' `linear_schedule`.

    >>> schedule = Linear(1.0, transition_steps=4, end_learning_rate=0.5, transition_begin=10)
    >>> [float(schedule(step)) for step in (0, 10, 12, 14, 100)]
    [1.0, 1.0, 0.75, 0.5, 0.5]
    """

    Config = LinearConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        own, steps = step - config.transition_begin, config.transition_steps
        # Either value may be 0, and 1 minus a fraction would lose the digits near it.
        before = config.initial_learning_rate * remaining(own, steps)
        return before + config.end_learning_rate * elapsed(own, steps)
