"""NumPy float64 oracle of RAdam.

Liu, Jiang, He, Chen, Liu, Gao and Han 2020, "On the Variance of the Adaptive Learning Rate and
Beyond", Algorithm 2, with the threshold 5 in place of 4 and an epsilon beside the root.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


def rectification(beta: float, t: int, threshold: float) -> float | None:
    """Return the paper's r_t, or None where the variance is not tractable."""
    longest = 2 / (1 - beta) - 1
    length = longest - 2 * t * beta**t / (1 - beta**t)
    if length < threshold:
        return None
    return float(np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)))


class RAdam:
    """Momentum, divided by the root of the second moment as soon as that is tractable."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        sma_threshold: float = 5.0,
        amsgrad: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.sma_threshold, self.amsgrad = sma_threshold, amsgrad
        self.moments: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t, zero = iteration + 1, np.zeros_like(variable)
        m, v, largest = self.moments.get(key, (zero, zero, zero))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        largest = np.maximum(largest, v)
        self.moments[key] = m, v, largest
        step = m / (1 - self.beta_1**t)
        r = rectification(self.beta_2, t, self.sma_threshold)
        if r is not None:
            second = (largest if self.amsgrad else v) / (1 - self.beta_2**t)
            step = r * step / (np.sqrt(second) + self.epsilon)
        return np.asarray(variable - self.rate(iteration) * step)


CASES = [
    Case("radam", RAdam, form)
    for form in (
        {},
        {"beta_1": 0.0, "beta_2": 0.9, "sma_threshold": 4.5},
        {"beta_2": 0.5},
        {"amsgrad": True, "beta_2": 0.9},
    )
]
# Not with a beta_2 of 0.999, of which optax' 1 - b2**t and length keep few digits in single precision.
PEERS = [
    Peer("radam", "optax", optax("radam", learning_rate=1e-3, b2=0.99, eps=1e-7), {"beta_2": 0.99}),
    Peer(
        "radam",
        "optax",
        optax("radam", learning_rate=1e-3, b2=0.9, eps=1e-3),
        {"beta_2": 0.9, "epsilon": 1e-3},
    ),
]
