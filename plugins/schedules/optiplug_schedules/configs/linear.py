"""Config of linear."""

from __future__ import annotations

from optiplug import NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Steps, StepsOrZero

__all__ = ["LinearConfig"]


class LinearConfig(ScheduleConfig):
    """Linear transition between two values."""

    implementation = "optiplug_schedules.linear:Linear"
    paper = "None: linear_schedule of optax"
    example = {"initial_learning_rate": 0.1, "transition_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    transition_steps: Steps
    """Number of steps of the transition."""
    end_learning_rate: NonNegativeFloat = 0.0
    """Final value, from the end of the transition on."""
    transition_begin: StepsOrZero = 0
    """Number of steps at the initial value before the transition."""
