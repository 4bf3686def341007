"""NumPy float64 oracle of Adan.

Xie, Zhou, Li, Lin and Yan 2022, "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing
Deep Models", Algorithm 1, whose betas are one minus these, with averages that start at zero and are
corrected for it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class Adan:
    """Averages of gradients, of their differences, and of the squared Nesterov estimate."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.98,
        beta_2: float = 0.92,
        beta_3: float = 0.99,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.beta_3 = beta_1, beta_2, beta_3
        self.epsilon = epsilon
        self.moments: dict[int, tuple[Array, Array, Array]] = {}
        self.previous: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero = np.zeros_like(variable)
        m, v, n = self.moments.get(key, (zero, zero, zero))
        change = gradient - self.previous.get(key, gradient)
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * change
        n = self.beta_3 * n + (1 - self.beta_3) * (gradient + self.beta_2 * change) ** 2
        self.moments[key], self.previous[key] = (m, v, n), gradient
        t = iteration + 1
        m_hat, v_hat = m / (1 - self.beta_1**t), v / (1 - self.beta_2**t)
        rates = self.rate(iteration) / (np.sqrt(n / (1 - self.beta_3**t)) + self.epsilon)
        return np.asarray(variable - rates * (m_hat + self.beta_2 * v_hat))


def _optax(**fields: Any) -> Any:
    """Return optax' Adan where it is the same: at 1 - beta_2 = beta_2, which it takes for one another."""
    import optax

    return optax.adan(learning_rate=1e-3, b2=0.5, eps_root=0.0, **fields)


CASES = [
    Case("adan", Adan),
    Case("adan", Adan, {"beta_1": 0.0, "beta_2": 0.5, "beta_3": 0.9, "epsilon": 1e-2}),
    Case("adan", Adan, {"learning_rate": 0.1, "beta_2": 0.0}),
]
PEERS = [
    Peer("adan", "optax", _optax, {"beta_2": 0.5}),
    Peer("adan", "optax", partial(_optax, b1=0.9, eps=0.1), {"beta_1": 0.9, "beta_2": 0.5, "epsilon": 0.1}),
]
