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
    """Adam whose second moment leaves out the gradient that it divides. Two state slots."""

    implementation = "optiplug_contrib.adopt:ADOPT"
    paper = (
        "Taniguchi et al. 2024, ADOPT: Modified Adam Can Converge with Any beta_2 with the Optimal Rate, "
        "arXiv:2411.02853"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.9999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-6
    """Least value of the root of the second moment."""
    clip_exponent: NonNegativeFloat | None = 0.25
    """Divided gradients stay within the number of steps before, to this power; None: no clip."""
