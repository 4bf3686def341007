"""NumPy float64 oracle of a scaled learning rate.

Around descent whose velocity is in proportion to a constant learning rate: there a factor of the
rate is one of every update.
"""

from __future__ import annotations

from references.case import Case
from references.training import Array, Processor, Step


class LearningRateScale(Processor):
    """Every update is `factor` times what it is at the plain learning rate."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        return [update * self.factor for update in updates]


CASES = [Case("learning_rate_scale", LearningRateScale, {"factor": each}) for each in (0.1, 2.5, 0.0, 1.0)]
