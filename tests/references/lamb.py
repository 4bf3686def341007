"""NumPy float64 oracle of LAMB.

You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes",
Algorithm 2 with the identity for the function of the norm, and a ratio of 1 where a norm is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from references.case import SHAPES, Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at, norm


class LAMB:
    """Adam's direction plus decay, scaled to the norm of the variable. Variables are w0, w1, ..."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        weight_decay_rate: float = 0.0,
        exclude_from_decay: Sequence[str] = (),
        exclude_from_adaptation: Sequence[str] = (),
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.weight_decay_rate = weight_decay_rate
        self.undecayed, self.unadapted = exclude_from_decay, exclude_from_adaptation
        self.moments: dict[int, tuple[Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero, t = np.zeros_like(variable), iteration + 1
        m, v = self.moments.get(key, (zero, zero))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        self.moments[key] = m, v
        m_hat, v_hat = m / (1 - self.beta_1**t), v / (1 - self.beta_2**t)
        direction = m_hat / (np.sqrt(v_hat) + self.epsilon)
        if not excluded(key, self.undecayed):
            direction = direction + self.weight_decay_rate * variable
        ratio = 1.0
        if norm([variable]) > 0 and norm([direction]) > 0 and not excluded(key, self.unadapted):
            ratio = norm([variable]) / norm([direction])
        return np.asarray(variable - self.rate(iteration) * ratio * direction)


def excluded(key: int, patterns: Sequence[str]) -> bool:
    """Return whether the name of a variable matches one of some globs."""
    return any(fnmatchcase(f"w{key}", pattern) for pattern in patterns)


_SHAPES = (*SHAPES, (2, 3, 4))
CASES = [
    Case("lamb", LAMB, form, shapes=_SHAPES)
    for form in (
        {},
        {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2},
        {"learning_rate": 0.01, "weight_decay_rate": 0.3},
        {
            "learning_rate": 0.01,
            "weight_decay_rate": 0.3,
            "exclude_from_decay": ("w1", "w[2-3]"),
            "exclude_from_adaptation": ("w1", "*4"),
        },
    )
]
PEERS = [
    Peer("lamb", "optax", optax("lamb", learning_rate=1e-3), shapes=_SHAPES),
    Peer(
        "lamb",
        "optax",
        optax("lamb", learning_rate=1e-3, b1=0.5, b2=0.9, eps=1e-2, weight_decay=0.3),
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2, "weight_decay_rate": 0.3},
        shapes=_SHAPES,
    ),
]
