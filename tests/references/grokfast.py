"""NumPy float64 oracle of the amplification of slow gradients.

Lee, Kang, Kim and Lee 2024, "Grokfast: Accelerated Grokking by Amplifying Slow Gradients",
arXiv:2405.20233, the form with an exponential average.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class Grokfast(Processor):
    """``a <- alpha a + (1 - alpha) g``; ``g <- g + lamb a``, with a = 0 at the start."""

    def __init__(self, alpha: Scalar = 0.98, lamb: Scalar = 2.0) -> None:
        self.alpha, self.lamb = alpha, lamb
        self.average: dict[int, Array] = {}

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        alpha, lamb = at(self.alpha, step.iteration), at(self.lamb, step.iteration)
        amplified = []
        for key, gradient in zip(step.keys, gradients, strict=True):
            old = self.average.get(key, np.zeros_like(gradient))
            self.average[key] = alpha * old + (1 - alpha) * gradient
            amplified.append(gradient + lamb * self.average[key])
        return amplified


CASES = [
    Case("grokfast", Grokfast, fields)
    for fields in ({}, {"alpha": 0.5, "lamb": 5.0}, {"alpha": 0.0}, {"lamb": 0.0})
]
