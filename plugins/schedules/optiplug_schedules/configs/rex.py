"""Config of rex."""

from __future__ import annotations

from optiplug import NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["REXConfig"]


class REXConfig(ScheduleConfig):
    """Reflected exponential decay, for any budget of steps."""

    implementation = "optiplug_schedules.rex:REX"
    paper = (
        "Chen, Wolfe and Kyrillidis 2022, REX: Revisiting Budgeted Training with an Improved Schedule, "
        "arXiv:2107.04197"
    )
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    decay_steps: Steps
    """Number of steps of the decay: all that the budget allows."""
    end_learning_rate: NonNegativeFloat = 0.0
    """Final value, from the end of the decay on; 0 in the paper."""
