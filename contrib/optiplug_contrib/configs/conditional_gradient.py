"""Config of conditional_gradient."""

from __future__ import annotations

from typing import Literal

from optiplug import OptimizerConfig, PositiveInt, PositiveScalar, UnitScalar

__all__ = ["ConditionalGradientConfig"]


class ConditionalGradientConfig(OptimizerConfig):
    """Conditional gradient (Frank-Wolfe) steps within a norm ball. No state."""

    implementation = "optiplug_contrib.conditional_gradient:ConditionalGradient"
    paper = (
        "Ravi, Dinh, Lokhande and Singh 2018, Constrained Deep Learning using Conditional Gradient "
        "and Applications in Computer Vision, arXiv:1803.06453"
    )
    replaced = {
        **OptimizerConfig.replaced,
        "lambda_": "write `radius`; and `learning_rate` is one minus that of TensorFlow Addons",
        "ord": 'write `norm`: "frobenius" or "nuclear"',
    }

    needs = {"power_iterations": "norm=nuclear"}

    learning_rate: UnitScalar = 0.01
    """Step size: convex combination weight of the best point of the ball."""
    radius: PositiveScalar = 1.0
    """Radius of the ball: the largest norm of each variable."""
    norm: Literal["frobenius", "nuclear"] = "frobenius"
    """Norm of the ball: the Frobenius norm, or the nuclear norm, which leads to low ranks."""
    power_iterations: PositiveInt = 16
    """Number of power iterations for the largest singular vectors, with the nuclear norm."""

    @property
    def passes(self) -> dict[str, float]:  # type: ignore[override]  # it depends on hyperparameters
        """A norm, or products with vectors, two in each iteration."""
        if self.norm == "frobenius":
            return {"the norm of the gradient": 1}
        return {"the norm of the gradient": 1, "power iterations": 2 * self.power_iterations + 1}
