"""Config of max_norm."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import Number, ProcessorConfig, Scalar

__all__ = ["MaxNormConfig"]


class MaxNormConfig(ProcessorConfig):
    """After each step, scale down the weights of a unit whose norm is too large."""

    implementation = "optiplug_processors.max_norm:MaxNorm"
    paper = (
        "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout: A Simple Way to Prevent "
        "Neural Networks from Overfitting"
    )

    max_value: Annotated[Scalar, Number(gt=0)] = 2.0
    """Largest norm that the weights of a unit keep; a number above 0 or a schedule."""
    axis: int | Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    """Axis or axes that one norm goes over; None: all but the last, and vectors are left alone."""
