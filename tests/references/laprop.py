"""NumPy float64 oracle of LaProp.

Ziyin, Wang and Ueda 2020, "LaProp: Separating Momentum and Adaptivity in Adam": Algorithm 1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class LaProp:
    """A momentum of normalized gradients; both averages have a bias correction."""

    def __init__(
        self,
        learning_rate: Scalar = 4e-4,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-15,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.moments: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t, zero = iteration + 1, np.zeros_like(variable)
        m, v = self.moments.get(key, (zero, zero))
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        normalized = gradient / (np.sqrt(v / (1 - self.beta_2**t)) + self.epsilon)
        m = self.beta_1 * m + (1 - self.beta_1) * normalized
        self.moments[key] = m, v
        return np.asarray(variable - self.rate(iteration) * m / (1 - self.beta_1**t))


def _optax(learning_rate: float, beta_1: float, beta_2: float, epsilon: float) -> Any:
    """Put it together: optax has no name for it."""
    import optax

    return optax.chain(
        optax.scale_by_rms(beta_2, epsilon, eps_in_sqrt=False, bias_correction=True),
        optax.ema(beta_1, debias=True),
        optax.scale_by_learning_rate(learning_rate),
    )


_OTHER = {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}
CASES = [Case("laprop", LaProp, form) for form in ({}, _OTHER, {"beta_1": 0.0, "beta_2": 0.0})]
PEERS = [
    Peer("laprop", "optax", partial(_optax, 4e-4, 0.9, 0.999, 1e-15)),
    Peer("laprop", "optax", partial(_optax, **_OTHER), _OTHER),
]
