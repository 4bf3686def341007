"""NumPy float64 oracle of AdEMAMix.

Pagliardini, Ablin and Grangier 2024, "The AdEMAMix Optimizer: Better, Faster, Older": Algorithm 1,
with the schedulers of alpha and beta_3 as the paper writes them.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class AdEMAMix:
    """Two momenta over one second moment; only the fast one has a bias correction."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        beta_3: float = 0.9999,
        alpha: float = 5.0,
        epsilon: float = 1e-8,
        warmup_steps: int | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.betas, self.alpha = (beta_1, beta_2, beta_3), alpha
        self.epsilon, self.warmup_steps = epsilon, warmup_steps
        self.moments: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def alpha_at(self, t: int) -> float:
        steps = self.warmup_steps
        return self.alpha if steps is None else min(t * self.alpha / steps, self.alpha)

    def beta_3_at(self, t: int) -> float:
        start, _, end = self.betas
        if self.warmup_steps is None or t >= self.warmup_steps:
            return end
        share = t / self.warmup_steps
        logs = np.log(start) * np.log(end)
        return float(min(np.exp(logs / ((1 - share) * np.log(end) + share * np.log(start))), end))

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t, (beta_1, beta_2, _) = iteration + 1, self.betas
        alpha, beta_3 = self.alpha_at(t), self.beta_3_at(t)
        zero = np.zeros_like(variable)
        m_1, m_2, v = self.moments.get(key, (zero, zero, zero))
        m_1 = beta_1 * m_1 + (1 - beta_1) * gradient
        m_2 = beta_3 * m_2 + (1 - beta_3) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        self.moments[key] = m_1, m_2, v
        direction = m_1 / (1 - beta_1**t) + alpha * m_2
        direction = direction / (np.sqrt(v / (1 - beta_2**t)) + self.epsilon)
        return np.asarray(variable - self.rate(iteration) * direction)


_QUICK = {"learning_rate": 0.01, "beta_3": 0.99, "alpha": 8.0}
CASES = [
    Case("ademamix", AdEMAMix, form)
    for form in (
        {},
        {"beta_1": 0.5, "beta_2": 0.9, "beta_3": 0.95, "alpha": 2.0, "epsilon": 1e-3},
        {"beta_1": 0.0, "alpha": 0.0},
        {**_QUICK, "warmup_steps": 30},
        {**_QUICK, "warmup_steps": 200},
        {"beta_1": 0.9, "beta_3": 0.5, "warmup_steps": 20},
    )
]
PEERS = [
    Peer("ademamix", "optax", optax("contrib.ademamix", learning_rate=1e-3)),
    Peer(
        "ademamix",
        "optax",
        optax("contrib.ademamix", learning_rate=0.01, b1=0.8, b2=0.99, b3=0.99, alpha=8.0, eps=1e-4),
        {**_QUICK, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4},
    ),
]
