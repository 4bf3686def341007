"""Config of adopt."""

from __future__ import annotations

from optiplug import (
    BelowOneScalar,
    NonNegativeFloat,
    NonNegativeScalar,
    OptimizerConfig,
    PositiveFloat,
)

__all__ = ["ADOPTConfig"]


class ADOPTConfig(OptimizerConfig):
    """Adam with a second moment that leaves out the current gradient. Two state slots."""

    implementation = "optiplug_contrib.adopt:ADOPT"
    paper = (
        "Taniguchi et al. 2024, ADOPT: Modified Adam Can Converge with Any beta_2 with the Optimal Rate, "
        "arXiv:2411.02853"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.9999
    """Decay rate of the second moment."""
    epsilon: PositiveFloat = 1e-6
    """Small constant for numerical stability: lower bound of the denominator."""
    clip_exponent: NonNegativeFloat | None = 0.25
    """Exponent p of the clip of normalized gradients at step t, to ``[-t^p, t^p]``; None: no clip."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for steps of any length."""
        if self.clip_exponent is not None:
            return {}
        reason = "elements count as at most 9e18, and a step grows with the last of them"
        return {"same_at_every_size_of_gradients": reason}
