"""NumPy float64 oracle of NovoGrad.

Ginsburg et al. 2019, "Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of
Deep Networks", Algorithm 1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class NovoGrad:
    """Momentum of gradients divided by a running norm of their layer."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 0.01,
        beta_1: float = 0.95,
        beta_2: float = 0.98,
        epsilon: float = 1e-8,
        weight_decay_rate: float = 0.0,
        grad_averaging: bool = False,
        amsgrad: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.weight_decay_rate = weight_decay_rate
        self.grad_averaging, self.amsgrad = grad_averaging, amsgrad
        self.moments: dict[int, tuple[Array, float, float]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        m, v, largest = self.moments.get(key, (np.zeros_like(variable), 0.0, 0.0))
        first, square = v == 0, float(np.sum(gradient**2))
        v = square if first else self.beta_2 * v + (1 - self.beta_2) * square
        largest = max(largest, v)
        direction = gradient / (np.sqrt(largest if self.amsgrad else v) + self.epsilon)
        direction = direction + self.weight_decay_rate * variable
        if self.grad_averaging and not first:
            direction = (1 - self.beta_1) * direction
        m = self.beta_1 * m + direction
        self.moments[key] = m, v, largest
        return np.asarray(variable - self.rate(iteration) * m)


def _optax(**fields: Any) -> Any:
    import optax

    return optax.novograd(learning_rate=0.01, **{"b1": 0.95, "b2": 0.98, "eps": 1e-8, **fields})


_DECAYED = {"beta_1": 0.5, "weight_decay_rate": 0.1}
CASES = [
    Case("novograd", NovoGrad, form)
    for form in (
        {},
        {**_DECAYED, "beta_2": 0.0, "epsilon": 0.1},
        {**_DECAYED, "grad_averaging": True, "amsgrad": True},
    )
]
PEERS = [
    Peer("novograd", "optax", _optax),
    Peer("novograd", "optax", partial(_optax, b1=0.5, weight_decay=0.1), _DECAYED),
]
