"""Config of laprop."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["LaPropConfig"]


class LaPropConfig(OptimizerConfig):
    """Momentum of gradients that are divided by the root of their second moment first. Two state slots."""

    implementation = "optiplug_contrib.laprop:LaProp"
    paper = "Ziyin, Wang and Ueda 2020, LaProp: Separating Momentum and Adaptivity in Adam, arXiv:2002.04839"
    elementwise = True

    learning_rate: NonNegativeScalar = 4e-4
    """Step size: close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-15
    """Added to the root of the corrected second moment."""
