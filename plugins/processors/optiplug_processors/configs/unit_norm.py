"""Config of unit_norm."""

from __future__ import annotations

from optiplug import PositiveFloat, ProcessorConfig
from optiplug_processors.fields import Axes

__all__ = ["UnitNormConfig"]


class UnitNormConfig(ProcessorConfig):
    """Unit-norm constraint: rescale the weights of each unit to norm 1. No state."""

    implementation = "optiplug_processors.unit_norm:UnitNorm"
    complex_variables = True
    paper = "None: the constraint UnitNorm of Keras"
    passes = {"the norms, of what the optimizer proposes": 2}

    axis: Axes | None = None
    """Axis or axes that one norm is taken over; None: all but the last, and vectors are left alone."""
    epsilon: PositiveFloat = 1e-7
    """Small constant for numerical stability, added to the denominator."""
