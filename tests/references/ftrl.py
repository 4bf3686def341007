"""NumPy float64 oracle of FTRL-Proximal.

McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches", Algorithm 1 for one
coordinate, with any power in place of the root, a sum of squares that need not start at 0, twice the
strength of l2, and shrinkage in the gradient but not in the sum, as Keras has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class Ftrl:
    """The minimizer of ``z w + (sum of sigma) / 2 w^2 + l1 |w| + l2 w^2``, after each gradient."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
    ) -> None:
        self.learning_rate, self.power = learning_rate, -learning_rate_power
        self.initial, self.beta = initial_accumulator_value, beta
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.shrinkage = l2_shrinkage_regularization_strength
        self.state: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        alpha = self.rate(iteration)
        if alpha == 0:
            return variable
        n, z = self.state.get(key, (np.full_like(variable, self.initial), np.zeros_like(variable)))
        sigma = ((n + gradient**2) ** self.power - n**self.power) / alpha
        z = z + gradient + 2 * self.shrinkage * variable - sigma * variable
        n = n + gradient**2
        self.state[key] = n, z
        curvature = (self.beta + n**self.power) / alpha + 2 * self.l2
        return np.where(np.abs(z) <= self.l1, 0.0, -(z - np.sign(z) * self.l1) / curvature)


FORMS: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.1, "l1_regularization_strength": 0.5, "l2_regularization_strength": 0.25},
    {"learning_rate": 0.1, "l2_shrinkage_regularization_strength": 0.1, "beta": 1.0},
    {"learning_rate": 0.05, "learning_rate_power": -0.75, "initial_accumulator_value": 0.0},
    {"learning_rate": 0.05, "learning_rate_power": 0.0, "l1_regularization_strength": 0.1},
]
PAUSED = {"use": "piecewise_constant", "boundaries": [1, 9, 12], "values": [0.0, 0.1, 0.0, 0.05]}

CASES = [Case("ftrl", Ftrl, form) for form in FORMS]
CASES.append(Case("ftrl", Ftrl, {"learning_rate": PAUSED}))
PEERS = [Peer("ftrl", "tf_keras", keras("Ftrl", **form), form) for form in FORMS]
