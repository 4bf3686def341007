"""Config of yogi."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["YogiConfig"]


class YogiConfig(OptimizerConfig):
    """Adam with an additive update of the second moment. Two state slots."""

    implementation = "optiplug_contrib.yogi:Yogi"
    paper = "Zaheer, Reddi, Sachan, Kale and Kumar 2018, Adaptive Methods for Nonconvex Optimization"
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 0.01
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment: it changes by ``1 - beta_2`` times the squared gradient."""
    epsilon: PositiveFloat = 1e-3
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    initial_accumulator_value: PositiveFloat = 1e-6
    """Initial value of the second moment."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for a second moment that moves by equal amounts."""
        return {"corrects_scheduled_decay_rates": "its second moment is a sum and not an average"}
