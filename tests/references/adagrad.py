"""NumPy float64 oracle of Adagrad.

Duchi, Hazan and Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
Optimization", the diagonal form, with an accumulator that need not start at 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class Adagrad:
    """``w <- w - rate g / sqrt(a + epsilon)``, with a the sum of all squares."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
    ) -> None:
        self.learning_rate = learning_rate
        self.initial, self.epsilon = initial_accumulator_value, epsilon
        self.sums: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        total = self.sums.get(key, np.full_like(variable, self.initial)) + gradient**2
        self.sums[key] = total
        return np.asarray(variable - self.rate(iteration) * gradient / np.sqrt(total + self.epsilon))


FORMS: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.1, "initial_accumulator_value": 0.0},
    {"learning_rate": 0.1, "epsilon": 0.5},
]
CASES = [Case("adagrad", Adagrad, form) for form in (*FORMS, {"epsilon": 0.0})]
PEERS = [Peer("adagrad", "tf_keras", keras("Adagrad", **form), form) for form in FORMS]
