"""Config of madgrad."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["MADGRADConfig"]


class MADGRADConfig(OptimizerConfig):
    """Dual averaging with momentum, adaptive by cube roots of squared gradients. Three state slots."""

    implementation = "optiplug_contrib.madgrad:MADGRAD"
    paper = (
        "Defazio and Jelassi 2021, Adaptivity without Compromise: A Momentumized, Adaptive, "
        "Dual Averaged Gradient Method for Stochastic Optimization, arXiv:2101.11075"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-2
    """Step size; its best value is seldom that of another optimizer."""
    momentum: BelowOneScalar = 0.9
    """Share of the variable in the average with the point that dual averaging proposes, in [0, 1)."""
    epsilon: PositiveFloat = 1e-6
    """Added to the cube root of the sum of squared gradients."""
