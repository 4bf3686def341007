"""NumPy float64 oracle of cautious updates.

Liang, Chen, Liu and Liu 2024, "Cautious Optimizers: Improving Training with One Line of Code",
Algorithm 1, with the lower bound of the authors' code in place of its epsilon.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class Cautious(Processor):
    """Only the elements that go down their gradient, enlarged by the inverse of their share."""

    def __init__(self, min_share: Scalar = 1e-3) -> None:
        self.min_share = min_share

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        return [
            self.masked(update, gradient, at(self.min_share, step.iteration))
            for update, gradient in zip(updates, step.gradients, strict=True)
        ]

    @staticmethod
    def masked(update: Array, gradient: Array, min_share: float) -> Array:
        if not update.size:
            return update
        aligned = -update * gradient > 0  # the paper's update is subtracted
        return np.where(aligned, update / max(float(np.mean(aligned)), min_share), 0.0)


CASES = [Case("cautious", Cautious), Case("cautious", Cautious, {"min_share": 0.5})]
