"""Config of join."""

from __future__ import annotations

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeScalar, ScheduleConfig
from optiplug_schedules.fields import Boundaries

__all__ = ["JoinConfig"]


class JoinConfig(ScheduleConfig):
    """Several schedules or numbers, one after the other."""

    implementation = "optiplug_schedules.join:Join"
    paper = "None: several schedules in a row"
    example = {"schedules": [0.1, 0.01], "boundaries": [1000]}

    schedules: tuple[NonNegativeScalar, ...]
    """Schedules or numbers in order; each counts its steps from its own start."""
    boundaries: Boundaries
    """First step of each schedule but the first; strictly increasing."""

    @field_validator("boundaries")
    @classmethod
    def _one_fewer(cls, boundaries: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        schedules = info.data.get("schedules")
        if schedules is not None and len(boundaries) != len(schedules) - 1:
            raise ConfigError("must have one item fewer than schedules", received=boundaries)
        return boundaries
