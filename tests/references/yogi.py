"""NumPy float64 oracle of Yogi.

Zaheer, Reddi, Sachan, Kale and Kumar 2018, "Adaptive Methods for Nonconvex Optimization",
Algorithm 2, with the bias corrections of Adam and a second moment that starts above zero.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class Yogi:
    """Momentum divided by the root of a second moment that changes additively."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 0.01,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-3,
        initial_accumulator_value: float = 1e-6,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.initial = initial_accumulator_value
        self.moments: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        start = np.zeros_like(variable), np.full_like(variable, self.initial)
        m, v = self.moments.get(key, start)
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = v - (1 - self.beta_2) * np.sign(v - gradient**2) * gradient**2
        self.moments[key] = m, v
        t = iteration + 1
        m_hat, v_hat = m / (1 - self.beta_1**t), v / (1 - self.beta_2**t)
        return np.asarray(variable - self.rate(iteration) * m_hat / (np.sqrt(v_hat) + self.epsilon))


def _optax(**fields: Any) -> Any:
    """Return optax' Yogi with a momentum that starts at zero, as in the paper."""
    import jax
    import optax

    moments = optax.scale_by_yogi(**fields)

    def start(parameters: Any) -> Any:
        state = moments.init(parameters)
        return state._replace(mu=jax.tree.map(jax.numpy.zeros_like, state.mu))

    theirs = optax.GradientTransformation(start, moments.update)
    return optax.chain(theirs, optax.scale_by_learning_rate(0.01))


CASES = [
    Case("yogi", Yogi),
    Case("yogi", Yogi, {"beta_1": 0.0, "beta_2": 0.5, "initial_accumulator_value": 0.3}),
    Case("yogi", Yogi, {"learning_rate": 0.1, "beta_2": 0.9, "epsilon": 0.1}),
]
# Not with a beta_2 of 0.999, of which optax' 1 - b2**t keeps few digits in single precision.
PEERS = [
    Peer("yogi", "optax", partial(_optax, b2=0.99), {"beta_2": 0.99}),
    Peer("yogi", "optax", partial(_optax, b2=0.9, eps=0.1), {"beta_2": 0.9, "epsilon": 0.1}),
]
