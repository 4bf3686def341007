"""Config of yogi."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["YogiConfig"]


class YogiConfig(OptimizerConfig):
    """Adam whose second moment changes by no more than the gradient's own square. Two state slots."""

    implementation = "optiplug_contrib.yogi:Yogi"
    paper = "Zaheer, Reddi, Sachan, Kale and Kumar 2018, Adaptive Methods for Nonconvex Optimization"
    elementwise = True

    learning_rate: NonNegativeScalar = 0.01
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """One minus the share of the squared gradient by which the second moment changes, in [0, 1)."""
    epsilon: PositiveFloat = 1e-3
    """Added to the root of the corrected second moment."""
    initial_accumulator_value: PositiveFloat = 1e-6
    """The second moment before the first step."""
