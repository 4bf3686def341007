"""Config of cautious_weight_decay."""

from __future__ import annotations

from optiplug import NonNegativeScalar, ProcessorConfig

__all__ = ["CautiousWeightDecayConfig"]


class CautiousWeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay, masked where it opposes the update. No state."""

    implementation = "optiplug_processors.cautious_weight_decay:CautiousWeightDecay"
    elementwise = True
    complex_variables = True
    decays = True
    paper = "Chen et al. 2025, Cautious Weight Decay, arXiv:2510.12402"
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Decoupled weight decay coefficient, multiplied by the learning rate."""
