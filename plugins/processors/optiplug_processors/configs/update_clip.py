"""Config of update_clip."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["UpdateClipConfig"]


class UpdateClipConfig(ProcessorConfig):
    """Scale down each update whose root mean square is too large, as Adafactor does. No state."""

    implementation = "optiplug_processors.update_clip:UpdateClip"
    paper = (
        "Shazeer and Stern 2018, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, "
        "arXiv:1804.04235"
    )

    threshold: PositiveScalar = 1.0
    """Largest root mean square of an update before the learning rate; above 0, or a schedule."""
