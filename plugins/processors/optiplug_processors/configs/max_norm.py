"""Config of max_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig
from optiplug_processors.fields import Axes

__all__ = ["MaxNormConfig"]


class MaxNormConfig(ProcessorConfig):
    """After each step, scale down the weights of a unit whose norm is too large. No state."""

    implementation = "optiplug_processors.max_norm:MaxNorm"
    paper = (
        "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout: A Simple Way to Prevent "
        "Neural Networks from Overfitting"
    )

    max_value: PositiveScalar = 2.0
    """Largest norm that the weights of a unit keep; a number above 0 or a schedule."""
    axis: Axes | None = None
    """Axis or axes that one norm goes over; None: all but the last, and vectors are left alone."""
