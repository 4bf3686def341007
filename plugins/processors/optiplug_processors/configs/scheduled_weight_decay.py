"""Config of scheduled_weight_decay."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, ProcessorConfig

__all__ = ["ScheduledWeightDecayConfig"]


class ScheduledWeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay, scaled by the inverse of the gradient norm. Two scalars of state."""

    implementation = "optiplug_processors.scheduled_weight_decay:ScheduledWeightDecay"
    decays = True
    elementwise = True
    complex_variables = True
    takes_rows = False
    reduces = True
    paper = (
        "Xie et al. 2023, On the Overlooked Pitfalls of Weight Decay and How to Mitigate Them: "
        "A Gradient-Norm Perspective, arXiv:2011.11152"
    )
    example = {"rate": 0.01}
    passes = {"the norm of the gradients": 1}

    rate: NonNegativeScalar
    """Decoupled weight decay coefficient, at a gradient norm of 1; multiplied by the learning rate."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
