"""The reflected exponential schedule."""

from __future__ import annotations

from optiplug import Schedule, Tensor

from .configs.rex import REXConfig
from .progress import interpolate, remaining

__all__ = ["REX"]


class REX(Schedule):
    """Reflected exponential decay, for any budget of steps.

    ::

        left   = 1 - min(step, decay_steps) / decay_steps
        weight = left / (1 / 2 + left / 2)
        value  = end_learning_rate + (initial_learning_rate - end_learning_rate) * weight

    Source: Chen, Wolfe and Kyrillidis 2022, arXiv:2107.04197; it decays to 0.

    >>> schedule = REX(1.0, decay_steps=100)
    >>> [round(float(schedule(step)), 6) for step in (0, 50, 75, 100, 200)]
    [1.0, 0.666667, 0.4, 0.0, 0.0]
    """

    Config = REXConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        left = remaining(step, config.decay_steps)
        weight = left / (0.5 + 0.5 * left)
        return interpolate(config.initial_learning_rate, config.end_learning_rate, weight)
