"""Config of polynomial."""

from __future__ import annotations

from optiplug import NonNegativeFloat, PositiveFloat, ScheduleConfig
from optiplug_schedules.fields import Duration

__all__ = ["PolynomialConfig"]


class PolynomialConfig(ScheduleConfig):
    """Polynomial decay to a final value, linear by default."""

    implementation = "optiplug_schedules.polynomial:PolynomialDecay"
    paper = "None: PolynomialDecay of Keras"
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    decay_steps: Duration
    """Number of steps of the decay."""
    end_learning_rate: NonNegativeFloat = 0.0001
    """Final value, from `decay_steps` on; it may be the higher one."""
    power: PositiveFloat = 1.0
    """Exponent of the polynomial: 1 is linear, 0.5 a square root."""
    cycle: bool = False
    """Whether the decay starts anew when the final value is reached, each time lower and longer."""
