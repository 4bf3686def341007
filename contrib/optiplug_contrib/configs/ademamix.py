"""Config of ademamix."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat, PositiveInt

__all__ = ["AdEMAMixConfig"]


class AdEMAMixConfig(OptimizerConfig):
    """Adam with a second, much slower momentum beside the usual one. Three state slots."""

    implementation = "optiplug_contrib.ademamix:AdEMAMix"
    paper = (
        "Pagliardini, Ablin and Grangier 2024, "
        "The AdEMAMix Optimizer: Better, Faster, Older, arXiv:2409.03137"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: that of Adam, or less, as the slow momentum adds to the step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the fast momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    beta_3: BelowOneScalar = 0.9999
    """Share of the slow momentum that stays at each step, in [0, 1)."""
    alpha: NonNegativeScalar = 5.0
    """Weight of the slow momentum beside the fast one."""
    epsilon: PositiveFloat = 1e-8
    """Added to the root of the corrected second moment."""
    warmup_steps: PositiveInt | None = None
    """In so many steps alpha rises from 0, and beta_3 from beta_1; None: both are there at once."""
