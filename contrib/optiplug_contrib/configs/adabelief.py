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
    """Momentum divided by how far gradients are from it, so expected ones count more. Two state slots."""

    implementation = "optiplug_contrib.adabelief:AdaBelief"
    paper = (
        "Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris and Duncan 2020, AdaBelief Optimizer: "
        "Adapting Stepsizes by the Belief in Observed Gradients, arXiv:2010.07468"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the variance that stays at each step, in [0, 1)."""
    epsilon: NonNegativeFloat = 1e-16
    """Added to the root of the corrected variance."""
    epsilon_root: PositiveFloat = 1e-16
    """Added to the variance itself at each step."""
    rectify: bool = False
    """Divide by the variance only once that can be trusted, as `radam` does."""
    sma_threshold: Annotated[float, Number(ge=4, schedule=False)] = 5.0
    """With `rectify`: how many gradients the variance has to be worth before it is divided by, at least 4."""
    amsgrad: bool = False
    """Divide by the largest variance so far, as TensorFlow Addons offers. One more state slot."""
