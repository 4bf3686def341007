"""Config of update_clip."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["UpdateClipConfig"]


class UpdateClipConfig(ProcessorConfig):
    """Clip each update by its root mean square, as in Adafactor. No state."""

    implementation = "optiplug_processors.update_clip:UpdateClip"
    complex_variables = True
    paper = (
        "Shazeer and Stern 2018, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, "
        "arXiv:1804.04235"
    )
    passes = {"the root mean square of an update": 1}

    threshold: PositiveScalar = 1.0
    """Upper bound of the RMS of an update before its step size."""
