"""NumPy float64 oracle of Nadam.

Dozat 2016, "Incorporating Nesterov Momentum into Adam", with the momentum schedule of its section
on the algorithm, and the averages decayed by constants, as Keras has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class Nadam:
    """``mu_t = beta_1 (1 - 0.96^t / 2)`` weighs the momentum; the averages decay by the betas."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: Scalar = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.state: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def weight(self, t: int, iteration: int) -> float:
        """Return mu at step t (from 1), with the beta_1 of an iteration (from 0)."""
        return float(at(self.beta_1, iteration) * (1 - 0.5 * 0.96**t))

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        beta_1, t = at(self.beta_1, iteration), iteration + 1
        m, n = self.state.get(key, (np.zeros_like(variable), np.zeros_like(variable)))
        m = beta_1 * m + (1 - beta_1) * gradient
        n = self.beta_2 * n + (1 - self.beta_2) * gradient**2
        self.state[key] = m, n
        now, following = self.weight(t, iteration), self.weight(t + 1, iteration)
        product = float(np.prod([self.weight(each, each - 1) for each in range(1, t + 1)]))
        m_hat = following * m / (1 - product * following) + (1 - now) * gradient / (1 - product)
        n_hat = n / (1 - self.beta_2**t)
        return np.asarray(variable - self.rate(iteration) * m_hat / (np.sqrt(n_hat) + self.epsilon))


FALLING = {"use": "piecewise_constant", "boundaries": [9], "values": [0.9, 0.4]}
FORMS: list[dict[str, Any]] = [{}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2, "learning_rate": 0.02}]
CASES = [Case("nadam", Nadam, form) for form in (*FORMS, {"beta_1": 0.0, "beta_2": 0.5})]
CASES.append(Case("nadam", Nadam, {"beta_1": FALLING}))
PEERS = [Peer("nadam", "tf_keras", keras("Nadam", **form), form) for form in FORMS]
