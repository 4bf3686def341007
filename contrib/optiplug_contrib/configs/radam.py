"""Config of radam."""

from __future__ import annotations

from typing import Annotated

from optiplug import BelowOneScalar, NonNegativeScalar, Number, OptimizerConfig, PositiveFloat

__all__ = ["RAdamConfig"]


class RAdamConfig(OptimizerConfig):
    """Adam that divides by its second moment only once that can be trusted. Two state slots."""

    implementation = "optiplug_contrib.radam:RAdam"
    paper = (
        "Liu, Jiang, He, Chen, Liu, Gao and Han 2020, "
        "On the Variance of the Adaptive Learning Rate and Beyond, arXiv:1908.03265"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-7
    """Added to the root of the corrected second moment."""
    sma_threshold: Annotated[float, Number(ge=4, schedule=False)] = 5.0
    """How many gradients the second moment has to be worth before it is divided by, at least 4."""
    amsgrad: bool = False
    """Divide by the largest second moment so far, as TensorFlow Addons offers. One more state slot."""
