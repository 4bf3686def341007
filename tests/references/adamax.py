"""NumPy float64 oracle of Adamax.

Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", Algorithm 2, with Keras' epsilon.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class Adamax:
    """``w <- w - rate / (1 - beta_1^t) * m / (u + epsilon)``, with u the decaying maximum of ``|g|``."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.state: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        m, u = self.state.get(key, (np.zeros_like(variable), np.zeros_like(variable)))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        u = np.maximum(self.beta_2 * u, np.abs(gradient))
        self.state[key] = m, u
        corrected = self.rate(iteration) / (1 - self.beta_1 ** (iteration + 1))
        return np.asarray(variable - corrected * m / (u + self.epsilon))


FORMS: list[dict[str, Any]] = [{}, {"beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-2, "learning_rate": 0.1}]
CASES = [Case("adamax", Adamax, form) for form in (*FORMS, {"beta_1": 0.0, "beta_2": 0.0, "epsilon": 0.0})]
PEERS = [Peer("adamax", "tf_keras", keras("Adamax", **form), form) for form in FORMS]
