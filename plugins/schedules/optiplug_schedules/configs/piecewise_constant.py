"""Config of piecewise_constant."""

from __future__ import annotations

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Times

__all__ = ["PiecewiseConstantConfig"]


class PiecewiseConstantConfig(ScheduleConfig):
    """Piecewise constant values between boundaries."""

    implementation = "optiplug_schedules.piecewise_constant:PiecewiseConstantDecay"
    paper = "He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385"
    example = {"boundaries": [1000], "values": [0.1, 0.01]}

    boundaries: Times
    """Last step of each value but the last; strictly increasing."""
    values: tuple[NonNegativeFloat, ...]
    """The values, one more than boundaries."""

    @field_validator("values")
    @classmethod
    def _one_more(cls, values: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        boundaries = info.data.get("boundaries")
        if boundaries is not None and len(values) != len(boundaries) + 1:
            raise ConfigError("must have one item more than boundaries", received=values)
        return values
