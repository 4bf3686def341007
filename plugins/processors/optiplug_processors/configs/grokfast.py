"""Config of grokfast."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, ProcessorConfig

__all__ = ["GrokfastConfig"]


class GrokfastConfig(ProcessorConfig):
    """Amplify the slow component of the gradients, their moving average. One state slot."""

    implementation = "optiplug_processors.grokfast:Grokfast"
    elementwise = True
    complex_variables = True
    paper = (
        "Lee, Kang, Kim and Lee 2024, Grokfast: Accelerated Grokking by Amplifying Slow Gradients, "
        "arXiv:2405.20233"
    )

    alpha: BelowOneScalar = 0.98
    """Decay rate of the exponential moving average of the gradients."""
    lamb: NonNegativeScalar = 2.0
    """Weight of the average that is added to the gradient; 0 adds nothing."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for multiples of an average."""
        return {
            "same_at_every_size_of_gradients": "elements count as at most 8e34: larger multiples overflow"
        }
