"""NumPy float64 oracle of Signum.

Bernstein, Wang, Azizzadenesheli and Anandkumar 2018, "signSGD: Compressed Optimisation for
Non-Convex Problems": Algorithm 2 without decay, and Algorithm 1 where the momentum is 0.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class Signum:
    """``m <- momentum m + (1 - momentum) g``; ``w <- w - rate sign(m)``."""

    def __init__(self, learning_rate: Scalar = 1e-4, momentum: Scalar = 0.9) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.averages: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        beta = at(self.momentum, iteration)
        average = beta * self.averages.get(key, np.zeros_like(variable)) + (1 - beta) * gradient
        self.averages[key] = average
        return np.asarray(variable - self.rate(iteration) * np.sign(average))


CASES = [
    Case("signum", Signum),
    Case("signum", Signum, {"learning_rate": 0.01, "momentum": 0.5}),
    Case("signum", Signum, {"momentum": 0.0}),
]
PEERS = [
    Peer(
        "signum",
        "optax",
        optax("signum", learning_rate=0.01, beta=0.8),
        {"learning_rate": 0.01, "momentum": 0.8},
    ),
    Peer(
        "signum",
        "optax",
        optax("sign_sgd", learning_rate=0.01),
        {"learning_rate": 0.01, "momentum": 0.0},
    ),
]
