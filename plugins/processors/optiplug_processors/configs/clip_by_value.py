"""Config of clip_by_value."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByValueConfig"]


class ClipByValueConfig(ProcessorConfig):
    """Hold each element of every gradient within a bound. No state."""

    implementation = "optiplug_processors.clip_by_value:ClipByValue"
    elementwise = True
    paper = "Mikolov 2012, Statistical Language Models Based on Neural Networks, thesis"
    example = {"max_value": 0.5}

    max_value: PositiveScalar
    """Largest absolute value that an element keeps; a number above 0 or a schedule."""
