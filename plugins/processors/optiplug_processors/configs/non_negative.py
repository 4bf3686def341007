"""Config of non_negative."""

from __future__ import annotations

from optiplug import ProcessorConfig

__all__ = ["NonNegativeConfig"]


class NonNegativeConfig(ProcessorConfig):
    """Non-negativity constraint: set negative elements to zero. No state."""

    implementation = "optiplug_processors.non_negative:NonNegative"
    elementwise = True
    paper = "None: the constraint NonNeg of Keras"
