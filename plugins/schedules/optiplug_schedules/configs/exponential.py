"""Config of exponential."""

from __future__ import annotations

from optiplug import NonNegativeFloat, PositiveFloat, ScheduleConfig
from optiplug_schedules.fields import Duration, StepsOrZero

__all__ = ["ExponentialConfig"]


class ExponentialConfig(ScheduleConfig):
    """Exponential decay, continuous or in a staircase."""

    implementation = "optiplug_schedules.exponential:ExponentialDecay"
    paper = "None: ExponentialDecay of Keras"
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.9}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    decay_steps: Duration
    """Number of steps over which the value is multiplied by `decay_rate` once."""
    decay_rate: PositiveFloat
    """Decay rate; above 1 the value grows."""
    staircase: bool = False
    """Whether the value changes only after every whole `decay_steps`."""
    transition_begin: StepsOrZero = 0
    """Number of steps at the initial value before the decay."""
    end_learning_rate: NonNegativeFloat | None = None
    """Bound of the value: the lowest one, or the highest if it grows; None: there is none."""
