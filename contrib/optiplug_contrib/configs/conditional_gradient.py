"""Config of conditional_gradient."""

from __future__ import annotations

from typing import Literal

from optiplug import OptimizerConfig, PositiveInt, PositiveScalar, UnitScalar

__all__ = ["ConditionalGradientConfig"]


class ConditionalGradientConfig(OptimizerConfig):
    """Steps towards the best point of a ball, so that variables stay in it. No state."""

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

    learning_rate: UnitScalar = 0.01
    """Share of the way to that point that a step goes, in [0, 1]."""
    radius: PositiveScalar = 1.0
    """Largest norm of each variable."""
    norm: Literal["frobenius", "nuclear"] = "frobenius"
    """The root of the sum of squares, or the sum of singular values, which makes low ranks."""
    power_iterations: PositiveInt = 16
    """With the nuclear norm: how often the largest singular vectors are refined."""
