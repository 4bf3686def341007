"""Config of weight_decay."""

from __future__ import annotations

from optiplug import NonNegativeScalar, ProcessorConfig

__all__ = ["WeightDecayConfig"]


class WeightDecayConfig(ProcessorConfig):
    """Shrink the variables before the update, beside the gradient (decoupled decay). No state."""

    implementation = "optiplug_processors.weight_decay:WeightDecay"
    elementwise = True
    paper = "Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101"
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Share of a variable taken away per step at a learning rate of 1; a number or a schedule."""
