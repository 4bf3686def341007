"""NumPy float64 oracle of MADGRAD.

Defazio and Jelassi 2021, "Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged
Gradient Method for Stochastic Optimization": Algorithm 1, with one momentum for all steps.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class MADGRAD:
    """Weighted sums of gradients and their squares from the start; the iterate follows what they propose."""

    def __init__(self, learning_rate: Scalar = 1e-2, momentum: float = 0.9, epsilon: float = 1e-6) -> None:
        self.learning_rate, self.momentum, self.epsilon = learning_rate, momentum, epsilon
        self.sums: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero = np.zeros_like(variable)
        x_0, s, nu = self.sums.get(key, (variable, zero, zero))
        weight = self.rate(iteration) * np.sqrt(iteration + 1)
        s = s + weight * gradient
        nu = nu + weight * gradient**2
        self.sums[key] = x_0, s, nu
        z = x_0 - s / (np.cbrt(nu) + self.epsilon)
        return np.asarray(self.momentum * variable + (1 - self.momentum) * z)


def _optax(learning_rate: float, **fields: Any) -> Any:
    import optax

    # It adds epsilon to the rate, which the paper does not.
    return optax.contrib.madgrad(learning_rate - fields.get("eps", 1e-6), **fields)


CASES = [
    Case("madgrad", MADGRAD, form)
    for form in ({}, {"momentum": 0.0}, {"learning_rate": 0.1, "momentum": 0.5, "epsilon": 1e-2})
]
PEERS = [
    Peer("madgrad", "optax", partial(_optax, 0.01)),
    Peer(
        "madgrad",
        "optax",
        partial(_optax, 0.1, momentum=0.5, eps=1e-2),
        {"learning_rate": 0.1, "momentum": 0.5, "epsilon": 1e-2},
    ),
]
