"""Config of dadapt_adam."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["DAdaptAdamConfig"]


class DAdaptAdamConfig(OptimizerConfig):
    """Adam with a learning rate estimated by D-Adaptation. Three state slots."""

    implementation = "optiplug_contrib.dadapt_adam:DAdaptAdam"
    paper = "Defazio and Mishchenko 2023, Learning-Rate-Free Learning by D-Adaptation, arXiv:2301.07733"
    own_weight_decay = True
    passes = {"the product of the gradient with the sum of earlier ones": 3, "the size of that sum": 1}

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the estimated step size; a schedule is best one from 1 to 0."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment; its root is that of the estimate."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator."""
    d0: PositiveFloat = 1e-6
    """Initial estimate of the distance to the solution: too small is safe, too large is not."""
    bias_correction: bool = True
    """Correct the bias of the moments, by a factor of the learning rate."""
