"""NumPy float64 oracle of cautious weight decay.

Chen et al. 2025, "Cautious Weight Decay", Algorithm 1.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class CautiousWeightDecay(Processor):
    """``x <- x - rate (u + strength [u x >= 0] x)``, where the optimizer adds -rate u."""

    def __init__(self, rate: Scalar) -> None:
        self.strength = rate

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        strength = at(self.strength, step.iteration)
        result = []
        for update, key in zip(updates, step.keys, strict=True):
            variable = step.variables[key]
            decays = -update * variable >= 0
            result.append(np.where(decays, update - step.rate * strength * variable, update))
        return result


CASES = [Case("cautious_weight_decay", CautiousWeightDecay, {"rate": rate}) for rate in (0.3, 0.0)]
