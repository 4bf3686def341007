"""Config of scheduled_weight_decay."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, ProcessorConfig

__all__ = ["ScheduledWeightDecayConfig"]


class ScheduledWeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay, the weaker the larger the gradients are. Two scalars of state."""

    implementation = "optiplug_processors.scheduled_weight_decay:ScheduledWeightDecay"
    elementwise = True
    takes_rows = False
    paper = (
        "Xie et al. 2023, On the Overlooked Pitfalls of Weight Decay and How to Mitigate Them: "
        "A Gradient-Norm Perspective, arXiv:2011.11152"
    )
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Share of a variable taken away per step where learning rate and gradients are 1; or a schedule."""
    beta_2: BelowOneScalar = 0.999
    """Weight of the past in the average of the squared gradients, in [0, 1); a number or a schedule."""
