"""Config of madgrad."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["MADGRADConfig"]


class MADGRADConfig(OptimizerConfig):
    """Momentumized dual averaging, adaptive by cube roots of squared gradients. Three state slots."""

    implementation = "optiplug_contrib.madgrad:MADGRAD"
    paper = (
        "Defazio and Jelassi 2021, Adaptivity without Compromise: A Momentumized, Adaptive, "
        "Dual Averaged Gradient Method for Stochastic Optimization, arXiv:2101.11075"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-2
    """Step size; its best value is seldom that of another optimizer."""
    momentum: BelowOneScalar = 0.9
    """Momentum coefficient: decay rate of the average of the dual averaging iterates."""
    epsilon: PositiveFloat = 1e-6
    """Small constant for numerical stability, added to the denominator."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for a step that grows with the cube root of a gradient."""
        return {"same_at_every_size_of_gradients": "elements count as at most 9e12: larger squares overflow"}
