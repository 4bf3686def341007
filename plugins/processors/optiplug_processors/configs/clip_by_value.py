"""Config of clip_by_value."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByValueConfig"]


class ClipByValueConfig(ProcessorConfig):
    """Clip each element of every gradient to an interval around 0. No state."""

    implementation = "optiplug_processors.clip_by_value:ClipByValue"
    elementwise = True
    paper = "Mikolov 2012, Statistical Language Models Based on Neural Networks, thesis"
    example = {"max_value": 0.5}

    max_value: PositiveScalar
    """Upper bound of the absolute value of each element."""
