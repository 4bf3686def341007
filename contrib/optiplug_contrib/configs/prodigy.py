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
    """Adam that estimates its learning rate from how far it has come. Four state slots."""

    implementation = "optiplug_contrib.prodigy:Prodigy"
    paper = (
        "Mishchenko and Defazio 2023, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, "
        "arXiv:2306.06101"
    )
    own_weight_decay = True

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the learning rate that is estimated; a schedule is best one from 1 to 0."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    beta_3: BelowOneScalar | None = None
    """Share of the estimate's sums that stays at each step, in [0, 1); None: the root of `beta_2`."""
    epsilon: PositiveFloat = 1e-8
    """Times the distance, it is added to the root of the second moment."""
    d0: PositiveFloat = 1e-6
    """First estimate of the distance to the solution: too small is safe, too large is not."""
    d_coef: PositiveScalar = 1.0
    """Factor of each new estimate of the distance: what to tune, rather than the learning rate."""
    bias_correction: bool = True
    """Correct the bias of the moments, by a factor of the learning rate."""
    safeguard_warmup: bool = False
    """Leave the learning rate out of the sum of gradients: for one that starts close to 0."""
