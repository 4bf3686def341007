"""Config of piecewise_interpolate."""

from __future__ import annotations

from typing import Literal

from optiplug import ScheduleConfig
from optiplug_schedules.fields import Boundaries, BoundedValues

__all__ = ["PiecewiseInterpolateConfig"]


class PiecewiseInterpolateConfig(ScheduleConfig):
    """Values at given steps, and between two of them a line or half a cosine wave."""

    implementation = "optiplug_schedules.piecewise_interpolate:PiecewiseInterpolate"
    paper = "None: piecewise_interpolate_schedule of optax"
    example = {"boundaries": [100, 1000], "values": [0.0, 0.1, 0.01]}

    boundaries: Boundaries
    """Steps at which the second value is reached, the third one, and so on; strictly increasing."""
    values: BoundedValues
    """The value at step 0, and one for each of the boundaries; the last one stays."""
    shape: Literal["linear", "cosine"] = "linear"
    """Shape of the way between two values: linear, or half a cosine wave."""
