"""Config of weight_decay."""

from __future__ import annotations

from optiplug import NonNegativeScalar, ProcessorConfig

__all__ = ["WeightDecayConfig"]


class WeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay. No state."""

    implementation = "optiplug_processors.weight_decay:WeightDecay"
    elementwise = True
    complex_variables = True
    decays = True
    paper = "Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101"
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Decoupled weight decay coefficient, multiplied by the learning rate."""
