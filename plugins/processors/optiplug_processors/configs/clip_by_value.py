"""Config of clip_by_value."""

from __future__ import annotations

from typing import Annotated

from optiplug import Number, ProcessorConfig, Scalar

__all__ = ["ClipByValueConfig"]


class ClipByValueConfig(ProcessorConfig):
    """Hold each element of every gradient within a bound."""

    implementation = "optiplug_processors.clip_by_value:ClipByValue"
    elementwise = True
    example = {"max_value": 0.5}

    max_value: Annotated[Scalar, Number(gt=0)]
    """Largest absolute value that an element keeps; a number above 0 or a schedule."""
