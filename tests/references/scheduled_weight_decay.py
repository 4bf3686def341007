"""NumPy float64 oracle of scheduled weight decay.

Xie, Xu, Zhang, Sato and Sugiyama 2023, "On the Overlooked Pitfalls of Weight Decay and How to
Mitigate Them: A Gradient-Norm Perspective", Algorithm 2: the strength of the decay goes over the
root of the mean of Adam's bias-corrected second moment. It is written with the second moment of
each element, as there. The share taken away is at most 1.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Step


class ScheduledWeightDecay(Processor):
    """``w <- w - w * rate * learning_rate / sqrt(mean(v))``."""

    def __init__(self, rate: float, beta_2: float = 0.999) -> None:
        self.strength, self.beta_2 = rate, beta_2
        self.second_moments: dict[int, Array] = {}

    def decay(self, gradients: list[Array], step: Step) -> list[Array]:
        for key, gradient in zip(step.keys, gradients, strict=True):
            old = self.second_moments.get(key, np.zeros_like(gradient))
            self.second_moments[key] = self.beta_2 * old + (1 - self.beta_2) * gradient**2
        elements = np.concatenate([each.ravel() for each in self.second_moments.values()])
        mean = float(np.mean(elements)) / (1 - self.beta_2 ** (step.iteration + 1))
        share = min(1.0, self.strength * step.rate / np.sqrt(mean)) if mean else 0.0
        for key in step.keys:
            step.variables[key] = step.variables[key] - share * step.variables[key]
        return gradients


FORMS = ({"rate": 0.3}, {"rate": 30.0, "beta_2": 0.0}, {"rate": 0.1, "beta_2": 0.8}, {"rate": 0.0})
CASES = [Case("scheduled_weight_decay", ScheduledWeightDecay, form) for form in FORMS]
