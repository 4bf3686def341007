"""Config of piecewise_constant."""

from __future__ import annotations

from optiplug import ScheduleConfig
from optiplug_schedules.fields import BoundedValues, Times

__all__ = ["PiecewiseConstantConfig"]


class PiecewiseConstantConfig(ScheduleConfig):
    """Piecewise constant values between boundaries."""

    implementation = "optiplug_schedules.piecewise_constant:PiecewiseConstantDecay"
    paper = "He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385"
    example = {"boundaries": [1000], "values": [0.1, 0.01]}

    boundaries: Times
    """Last step of each value but the last; strictly increasing."""
    values: BoundedValues
    """The values, one more than boundaries."""
