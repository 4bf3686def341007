"""NumPy float64 oracle of AdaBelief.

Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris and Duncan 2020, "AdaBelief Optimizer: Adapting
Stepsizes by the Belief in Observed Gradients", Algorithm 2, with an epsilon of its own at each of
its two places; rectified as in the oracle of RAdam.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.radam import rectification
from references.training import Array, Scalar, at


class AdaBelief:
    """Momentum divided by the root of the mean squared difference of gradients from it."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-16,
        epsilon_root: float = 1e-16,
        rectify: bool = False,
        sma_threshold: float = 5.0,
        amsgrad: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon, self.epsilon_root = epsilon, epsilon_root
        self.rectify, self.sma_threshold, self.amsgrad = rectify, sma_threshold, amsgrad
        self.moments: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t, zero = iteration + 1, np.zeros_like(variable)
        m, s, largest = self.moments.get(key, (zero, zero, zero))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        s = self.beta_2 * s + (1 - self.beta_2) * (gradient - m) ** 2 + self.epsilon_root
        largest = np.maximum(largest, s)
        self.moments[key] = m, s, largest
        m_hat, s_hat = m / (1 - self.beta_1**t), (largest if self.amsgrad else s) / (1 - self.beta_2**t)
        step = m_hat / (np.sqrt(s_hat) + self.epsilon)
        if self.rectify:
            r = rectification(self.beta_2, t, self.sma_threshold)
            step = m_hat if r is None else r * step
        return np.asarray(variable - self.rate(iteration) * step)


CASES = [
    Case("adabelief", AdaBelief, form)
    for form in (
        {},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "epsilon_root": 1e-2},
        {"rectify": True},
        {"rectify": True, "amsgrad": True, "beta_2": 0.9, "sma_threshold": 6.0},
    )
]
PEERS = [
    Peer("adabelief", "optax", optax("adabelief", learning_rate=1e-3)),
    Peer(
        "adabelief",
        "optax",
        optax("adabelief", learning_rate=1e-3, b2=0.9, eps=1e-3),
        {"beta_2": 0.9, "epsilon": 1e-3},
    ),
]
