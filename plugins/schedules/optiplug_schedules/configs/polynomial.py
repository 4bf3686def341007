"""Config of polynomial."""

from __future__ import annotations

from optiplug import NonNegativeFloat, PositiveFloat, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["PolynomialConfig"]


class PolynomialConfig(ScheduleConfig):
    """Go to an end value along a polynomial: a straight line with power 1."""

    implementation = "optiplug_schedules.polynomial:PolynomialDecay"
    paper = "None: PolynomialDecay of Keras"
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    decay_steps: Steps
    """Number of steps to the end value."""
    end_learning_rate: NonNegativeFloat = 0.0001
    """Value from `decay_steps` on; it may be the higher one."""
    power: PositiveFloat = 1.0
    """Power of the polynomial: 1 a straight line, 0.5 a square root."""
    cycle: bool = False
    """Whether the decay starts anew, each time lower and longer, when the end value is reached."""
