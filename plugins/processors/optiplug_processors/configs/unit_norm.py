"""Config of unit_norm."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import Positive, ProcessorConfig

__all__ = ["UnitNormConfig"]


class UnitNormConfig(ProcessorConfig):
    """After each step, scale the weights of each unit to norm 1."""

    implementation = "optiplug_processors.unit_norm:UnitNorm"

    axis: int | Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    """Axis or axes that one norm goes over; None: all but the last, and vectors are left alone."""
    epsilon: Positive = 1e-7
    """Added to the norm, so that weights of 0 stay 0."""
