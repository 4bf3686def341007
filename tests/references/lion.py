"""NumPy float64 oracle of Lion.

Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675, Algorithm 2,
without its weight decay.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class Lion:
    """``w <- w - rate sign(beta_1 m + (1 - beta_1) g)``; ``m <- beta_2 m + (1 - beta_2) g``."""

    def __init__(self, *, learning_rate: Scalar = 1e-4, beta_1: Scalar = 0.9, beta_2: Scalar = 0.99) -> None:
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.momentum: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        beta_1, beta_2 = at(self.beta_1, iteration), at(self.beta_2, iteration)
        m = self.momentum.get(key, np.zeros_like(variable))
        self.momentum[key] = beta_2 * m + (1 - beta_2) * gradient
        return np.asarray(variable - self.rate(iteration) * np.sign(beta_1 * m + (1 - beta_1) * gradient))


def _optax(learning_rate: float = 1e-4, beta_1: float = 0.9, beta_2: float = 0.99) -> Any:
    import optax

    return optax.lion(learning_rate, b1=beta_1, b2=beta_2, weight_decay=0)


FORMS: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.1, "beta_1": 0.0},
    {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.5},
    {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.3},
    {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.0},
    {"learning_rate": 0.1, "beta_1": 0.0, "beta_2": 0.0},
]
FALLING = {"use": "piecewise_constant", "boundaries": [9], "values": [0.9, 0.0]}

CASES = [Case("lion", Lion, form) for form in FORMS]
CASES += [Case("lion", Lion, {beta: FALLING}) for beta in ("beta_1", "beta_2")]
PEERS = [Peer("lion", "optax", partial(_optax, **form), form) for form in FORMS]
