"""NumPy float64 oracle of corrected weight decay.

Defazio 2025, "Why Gradients Rapidly Increase Near the End of Training": decoupled decay whose
strength is multiplied by the learning rate over its maximum.
"""

from __future__ import annotations

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class CorrectedWeightDecay(Processor):
    """``w <- w - w * rate * learning_rate * (learning_rate / max_rate)`` before the update."""

    def __init__(self, rate: Scalar, max_rate: float | None = None) -> None:
        self.decay_rate, self.max_rate = rate, max_rate
        self.largest = 0.0

    def decay(self, gradients: list[Array], step: Step) -> list[Array]:
        self.largest = max(self.largest, step.rate)
        peak = self.max_rate or self.largest
        ratio = step.rate / peak if peak else 0.0
        for key in step.keys:
            variable = step.variables[key]
            strength = at(self.decay_rate, step.iteration) * ratio
            step.variables[key] = variable - variable * step.rate * strength
        return gradients


FORMS = ({"rate": 0.3}, {"rate": 0.3, "max_rate": 0.07}, {"rate": 0.0})
CASES = [Case("corrected_weight_decay", CorrectedWeightDecay, form) for form in FORMS]
