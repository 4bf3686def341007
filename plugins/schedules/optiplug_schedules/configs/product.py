"""Config of product."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import NonNegativeScalar, ScheduleConfig

__all__ = ["ProductConfig"]


class ProductConfig(ScheduleConfig):
    """Product of several schedules or numbers."""

    implementation = "optiplug_schedules.product:Product"
    paper = "None: several schedules at once"
    example = {"schedules": [0.1, {"use": "constant", "value": 0.5}]}

    schedules: Annotated[tuple[NonNegativeScalar, ...], Field(min_length=1)]
    """Schedules or numbers; all of them count their steps from 0."""
