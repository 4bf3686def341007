"""Config of corrected_weight_decay."""

from __future__ import annotations

from optiplug import NonNegativeScalar, PositiveFloat, ProcessorConfig

__all__ = ["CorrectedWeightDecayConfig"]


class CorrectedWeightDecayConfig(ProcessorConfig):
    """Decoupled weight decay by the square of the learning rate over its maximum. One scalar of state."""

    implementation = "optiplug_processors.corrected_weight_decay:CorrectedWeightDecay"
    elementwise = True
    paper = "Defazio 2025, Why Gradients Rapidly Increase Near the End of Training, arXiv:2506.02285"
    example = {"rate": 0.01}

    rate: NonNegativeScalar
    """Share of a variable taken away per step at a learning rate of 1 at its peak; a number or a schedule."""
    max_rate: PositiveFloat | None = None
    """The largest learning rate of the schedule; None: the largest so far."""
