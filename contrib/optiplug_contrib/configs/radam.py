"""Config of radam."""

from __future__ import annotations

from typing import Annotated

from optiplug import BelowOneScalar, NonNegativeScalar, Number, OptimizerConfig, PositiveFloat

__all__ = ["RAdamConfig"]


class RAdamConfig(OptimizerConfig):
    """Adam with a rectified variance of its step sizes in the first steps. Two state slots."""

    implementation = "optiplug_contrib.radam:RAdam"
    paper = (
        "Liu, Jiang, He, Chen, Liu, Gao and Han 2020, "
        "On the Variance of the Adaptive Learning Rate and Beyond, arXiv:1908.03265"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    epsilon: PositiveFloat = 1e-7
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    sma_threshold: Annotated[float, Number(ge=4, schedule=False)] = 5.0
    """Smallest length of the approximated simple moving average to divide by the second moment."""
    amsgrad: bool = False
    """Divide by the maximum of all second moments so far. One more state slot."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for first steps of the size of the gradient."""
        return {"same_at_every_size_of_gradients": "elements count as at most 9e18: larger squares overflow"}
