"""Config of laprop."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["LaPropConfig"]


class LaPropConfig(OptimizerConfig):
    """Momentum of gradients normalized by the root of their second moment. Two state slots."""

    implementation = "optiplug_contrib.laprop:LaProp"
    paper = "Ziyin, Wang and Ueda 2020, LaProp: Separating Momentum and Adaptivity in Adam, arXiv:2002.04839"
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 4e-4
    """Step size, close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    epsilon: PositiveFloat = 1e-15
    """Small constant for numerical stability, added to the denominator, after bias correction."""
