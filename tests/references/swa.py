"""NumPy float64 oracle of stochastic weight averaging.

Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization":
Algorithm 1, where the weights after step `start_averaging` are the first in the average.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Step


class SWA(Processor):
    """Keeps every sample, so that `average` is a mean in the plainest sense; training is not changed."""

    def __init__(self, start_averaging: int = 0, average_period: int = 10) -> None:
        self.start_averaging, self.average_period = start_averaging, average_period
        self.samples: list[dict[int, Array]] = []

    def post_step(self, step: Step) -> None:
        taken = step.iteration + 1
        if taken >= self.start_averaging and (taken - self.start_averaging) % self.average_period == 0:
            self.samples.append(dict(step.variables))

    def average(self, key: int) -> Array:
        return np.mean([sample[key] for sample in self.samples], axis=0)


CASES = [Case("swa", SWA), Case("swa", SWA, {"start_averaging": 7, "average_period": 3})]
