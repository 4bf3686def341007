"""Config of corrected_weight_decay."""

from __future__ import annotations

from optiplug import NonNegativeScalar, PositiveFloat, ProcessorConfig

__all__ = ["CorrectedWeightDecayConfig"]


class CorrectedWeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay by the square of the learning rate over its maximum. One scalar of state."""

    implementation = "optiplug_processors.corrected_weight_decay:CorrectedWeightDecay"
    elementwise = True
    complex_variables = True
    decays = True
    paper = "Defazio 2025, Why Gradients Rapidly Increase Near the End of Training, arXiv:2506.02285"
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Decoupled weight decay coefficient, multiplied by the learning rate and its ratio to `max_rate`."""
    max_rate: PositiveFloat | None = None
    """Maximum of the learning rate; None: the largest so far."""
