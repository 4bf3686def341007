"""Config of adabelief."""

from __future__ import annotations

from typing import Annotated

from optiplug import (
    BelowOneScalar,
    NonNegativeFloat,
    NonNegativeScalar,
    Number,
    OptimizerConfig,
    PositiveFloat,
)

__all__ = ["AdaBeliefConfig"]


class AdaBeliefConfig(OptimizerConfig):
    """Adam that divides by the variance of the gradient around its moving average. Two state slots."""

    implementation = "optiplug_contrib.adabelief:AdaBelief"
    needs = {"sma_threshold": "rectify"}
    paper = (
        "Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris and Duncan 2020, AdaBelief Optimizer: "
        "Adapting Stepsizes by the Belief in Observed Gradients, arXiv:2010.07468"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the variance."""
    epsilon: NonNegativeFloat = 1e-16
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    epsilon_root: PositiveFloat = 1e-16
    """Small constant for numerical stability, added to the variance at each step."""
    rectify: bool = False
    """Rectify the variance in the first steps, as `radam` does."""
    sma_threshold: Annotated[float, Number(ge=4, schedule=False)] = 5.0
    """With `rectify`: smallest length of the approximated simple moving average to divide by the variance."""
    amsgrad: bool = False
    """Divide by the maximum of all variances so far. One more state slot."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for first steps of the size of the gradient."""
        if not self.rectify:
            return {}
        return {
            "same_at_every_size_of_gradients": "elements count as at most 5e18: larger squares overflow",
            "corrects_scheduled_decay_rates": "the first steps are those of the momentum alone",
        }
