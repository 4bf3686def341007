"""Config of dadapt_adam."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["DAdaptAdamConfig"]


class DAdaptAdamConfig(OptimizerConfig):
    """Adam that estimates its learning rate by D-Adaptation. Three state slots."""

    implementation = "optiplug_contrib.dadapt_adam:DAdaptAdam"
    paper = "Defazio and Mishchenko 2023, Learning-Rate-Free Learning by D-Adaptation, arXiv:2301.07733"
    own_weight_decay = True

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the learning rate that is estimated; a schedule is best one from 1 to 0."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1); its root is that of the estimate."""
    epsilon: PositiveFloat = 1e-8
    """Added to the root of the second moment."""
    d0: PositiveFloat = 1e-6
    """First estimate of the distance to the solution: too small is safe, too large is not."""
    bias_correction: bool = True
    """Correct the bias of the moments, by a factor of the learning rate."""
