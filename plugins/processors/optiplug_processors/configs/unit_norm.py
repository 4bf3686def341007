"""Config of unit_norm."""

from __future__ import annotations

from optiplug import PositiveFloat, ProcessorConfig
from optiplug_processors.fields import Axes

__all__ = ["UnitNormConfig"]


class UnitNormConfig(ProcessorConfig):
    """After each step, scale the weights of each unit to norm 1. No state."""

    implementation = "optiplug_processors.unit_norm:UnitNorm"
    paper = "None: the constraint UnitNorm of Keras"

    axis: Axes | None = None
    """Axis or axes that one norm goes over; None: all but the last, and vectors are left alone."""
    epsilon: PositiveFloat = 1e-7
    """Added to the norm, so that weights of 0 stay 0."""
