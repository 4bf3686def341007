"""Config of inverse_time."""

from __future__ import annotations

from optiplug import NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Duration

__all__ = ["InverseTimeConfig"]


class InverseTimeConfig(ScheduleConfig):
    """Inverse time decay, continuous or in a staircase."""

    implementation = "optiplug_schedules.inverse_time:InverseTimeDecay"
    paper = "Robbins and Monro 1951, A Stochastic Approximation Method, Annals of Mathematical Statistics 22"
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.5}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    decay_steps: Duration
    """Number of steps over which the divisor grows by `decay_rate`."""
    decay_rate: NonNegativeFloat
    """Decay rate: growth of the divisor; 0 keeps the initial value."""
    staircase: bool = False
    """Whether the value changes only after every whole `decay_steps`."""
