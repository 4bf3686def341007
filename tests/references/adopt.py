"""NumPy float64 oracle of ADOPT.

Taniguchi et al. 2024, "ADOPT: Modified Adam Can Converge with Any beta_2 with the Optimal Rate",
arXiv:2411.02853v3: Algorithm 2, clipped at t^(1/4), and Algorithm 1 without the clip.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class ADOPT:
    """The gradient is divided by the second moment of those before it; step 0 only takes its square."""

    def __init__(
        self,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.9999,
        epsilon: float = 1e-6,
        clip_exponent: float | None = 0.25,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.clip_exponent = clip_exponent
        self.moments: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        if iteration == 0:
            self.moments[key] = np.zeros_like(variable), gradient**2
            return variable
        m, v = self.moments[key]
        normalized = gradient / np.maximum(np.sqrt(v), self.epsilon)
        if self.clip_exponent is not None:
            bound = iteration**self.clip_exponent
            normalized = np.clip(normalized, -bound, bound)
        m = self.beta_1 * m + (1 - self.beta_1) * normalized
        self.moments[key] = m, self.beta_2 * v + (1 - self.beta_2) * gradient**2
        return np.asarray(variable - self.rate(iteration) * m)


CASES = [
    Case("adopt", ADOPT, form)
    for form in (
        {},
        {"learning_rate": 0.02, "beta_1": 0.0, "beta_2": 0.0, "epsilon": 0.1},
        {"learning_rate": 0.02, "beta_2": 0.5, "clip_exponent": 0.1},
        {"learning_rate": 0.02, "beta_2": 0.9, "clip_exponent": None},
    )
]
PEERS = [
    Peer("adopt", "optax", optax("contrib.adopt", learning_rate=1e-3)),
    Peer(
        "adopt",
        "optax",
        optax("contrib.adopt", learning_rate=0.02, b1=0.5, b2=0.9, eps=1e-3),
        {"learning_rate": 0.02, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
    ),
    Peer(
        "adopt",
        "optax",
        optax("contrib.adopt", learning_rate=1e-3, b2=0.9, use_clipping=False),
        {"beta_2": 0.9, "clip_exponent": None},
    ),
]
