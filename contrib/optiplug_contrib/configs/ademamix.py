"""Config of ademamix."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat, PositiveInt

__all__ = ["AdEMAMixConfig"]


class AdEMAMixConfig(OptimizerConfig):
    """Adam with a second, slower moving average of the gradient. Three state slots."""

    implementation = "optiplug_contrib.ademamix:AdEMAMix"
    paper = (
        "Pagliardini, Ablin and Grangier 2024, "
        "The AdEMAMix Optimizer: Better, Faster, Older, arXiv:2409.03137"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: that of Adam, or less, as the slow average adds to the update."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment, the fast average."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    beta_3: BelowOneScalar = 0.9999
    """Decay rate of the slow moving average of the gradient."""
    alpha: NonNegativeScalar = 5.0
    """Weight of the slow average in the update."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    warmup_steps: PositiveInt | None = None
    """Number of steps in which `alpha` rises from 0 and `beta_3` from `beta_1`; None: no warmup."""
