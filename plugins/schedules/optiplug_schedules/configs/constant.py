"""Config of constant."""

from __future__ import annotations

from optiplug import NonNegativeFloat, ScheduleConfig

__all__ = ["ConstantConfig"]


class ConstantConfig(ScheduleConfig):
    """Constant value."""

    implementation = "optiplug_schedules.constant:Constant"
    paper = "None: a number in the place of a schedule"
    example = {"value": 0.1}

    value: NonNegativeFloat
    """The value at every step."""
