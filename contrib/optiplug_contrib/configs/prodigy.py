"""Config of prodigy."""

from __future__ import annotations

from optiplug import (
    BelowOneScalar,
    NonNegativeScalar,
    OptimizerConfig,
    PositiveFloat,
    PositiveScalar,
)

__all__ = ["ProdigyConfig"]


class ProdigyConfig(OptimizerConfig):
    """Adam with a learning rate estimated from the distance to the initial point. Four state slots."""

    implementation = "optiplug_contrib.prodigy:Prodigy"
    paper = (
        "Mishchenko and Defazio 2023, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, "
        "arXiv:2306.06101"
    )
    own_weight_decay = True
    passes = {
        "the product of the gradient with the way from the start": 2,
        "the size of the sum of gradients": 1,
    }

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the estimated step size; a schedule is best one from 1 to 0."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    beta_3: BelowOneScalar | None = None
    """Decay rate of the sums of the estimate; None: the square root of `beta_2`."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator, times the distance."""
    d0: PositiveFloat = 1e-6
    """Initial estimate of the distance to the solution: too small is safe, too large is not."""
    d_coef: PositiveScalar = 1.0
    """Factor of each new estimate of the distance: what to tune, rather than the learning rate."""
    bias_correction: bool = True
    """Correct the bias of the moments, by a factor of the learning rate."""
    safeguard_warmup: bool = False
    """Leave the learning rate out of the sum of gradients: for a warmup from close to 0."""
