"""Config of non_negative."""

from __future__ import annotations

from optiplug import ProcessorConfig

__all__ = ["NonNegativeConfig"]


class NonNegativeConfig(ProcessorConfig):
    """After each step, set what is below 0 in a variable to 0. No state."""

    implementation = "optiplug_processors.non_negative:NonNegative"
    elementwise = True
    paper = "None: the constraint NonNeg of Keras"
