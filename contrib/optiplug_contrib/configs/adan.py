"""Config of adan."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["AdanConfig"]


class AdanConfig(OptimizerConfig):
    """Adam with Nesterov momentum estimated from differences of gradients. Four state slots."""

    implementation = "optiplug_contrib.adan:Adan"
    paper = (
        "Xie, Zhou, Li, Lin and Yan 2022, Adan: Adaptive Nesterov Momentum Algorithm "
        "for Faster Optimizing Deep Models, arXiv:2208.06677"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.98
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.92
    """Decay rate of the gradient difference, and its weight in the update."""
    beta_3: BelowOneScalar = 0.99
    """Decay rate of the second moment."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator, after bias correction."""
