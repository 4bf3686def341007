"""Config of grokfast."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, ProcessorConfig

__all__ = ["GrokfastConfig"]


class GrokfastConfig(ProcessorConfig):
    """Amplify the slow part of the gradients, their moving average. One state slot."""

    implementation = "optiplug_processors.grokfast:Grokfast"
    elementwise = True
    paper = (
        "Lee, Kang, Kim and Lee 2024, Grokfast: Accelerated Grokking by Amplifying Slow Gradients, "
        "arXiv:2405.20233"
    )

    alpha: BelowOneScalar = 0.98
    """Weight of the past in the average of the gradients, in [0, 1); a number or a schedule."""
    lamb: NonNegativeScalar = 2.0
    """How much of the average is added to the gradient; a number or a schedule. 0 adds nothing."""
