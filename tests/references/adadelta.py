"""NumPy float64 oracle of Adadelta.

Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method", arXiv:1212.5701, Algorithm 1, with a
learning rate as the factor of the step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class Adadelta:
    """``w <- w + rate dx`` with ``dx = -RMS[dx before] / RMS[g] g``."""

    def __init__(self, *, learning_rate: Scalar = 1e-3, rho: Scalar = 0.95, epsilon: float = 1e-7) -> None:
        self.learning_rate, self.rho, self.epsilon = learning_rate, rho, epsilon
        self.state: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        rho = at(self.rho, iteration)
        of_gradients, of_updates = self.state.get(key, (np.zeros_like(variable), np.zeros_like(variable)))
        of_gradients = rho * of_gradients + (1 - rho) * gradient**2
        update = -np.sqrt(of_updates + self.epsilon) / np.sqrt(of_gradients + self.epsilon) * gradient
        self.state[key] = of_gradients, rho * of_updates + (1 - rho) * update**2
        return np.asarray(variable + self.rate(iteration) * update)


FORMS: list[dict[str, Any]] = [
    {},
    {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
    {"learning_rate": 1.0, "rho": 0.5, "epsilon": 1e-2},
]
RISING = {"use": "piecewise_constant", "boundaries": [9], "values": [0.2, 0.9]}
CASES = [Case("adadelta", Adadelta, form) for form in (*FORMS, {"learning_rate": 1.0, "rho": 0.0})]
CASES.append(Case("adadelta", Adadelta, {"rho": RISING}))
PEERS = [Peer("adadelta", "tf_keras", keras("Adadelta", **form), form) for form in FORMS]
