"""Config of max_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig
from optiplug_processors.fields import Axes

__all__ = ["MaxNormConfig"]


class MaxNormConfig(ProcessorConfig):
    """Max-norm constraint: rescale the weights of each unit with a larger norm. No state."""

    implementation = "optiplug_processors.max_norm:MaxNorm"
    complex_variables = True
    paper = (
        "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout: A Simple Way to Prevent "
        "Neural Networks from Overfitting"
    )
    passes = {"the norms, of what the optimizer proposes": 2}

    max_value: PositiveScalar = 2.0
    """Upper bound of the norm of the weights of a unit."""
    axis: Axes | None = None
    """Axis or axes that one norm is taken over; None: all but the last, and vectors are left alone."""
