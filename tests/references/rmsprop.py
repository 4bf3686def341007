"""NumPy float64 oracle of RMSprop.

Tieleman and Hinton 2012, "Lecture 6.5: RMSprop"; Graves 2013, "Generating Sequences With Recurrent
Neural Networks", arXiv:1308.0850, for the centered form; epsilon inside the root.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import keras
from references.training import Array, Scalar, at


class RMSprop:
    """``w <- w - rate g / sqrt(mean square + epsilon)``, centered by the variance, with momentum."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> None:
        self.learning_rate, self.rho, self.momentum = learning_rate, rho, momentum
        self.epsilon, self.centered = epsilon, centered
        self.state: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero = np.zeros_like(variable)
        square, mean, velocity = self.state.get(key, (zero, zero, zero))
        square = self.rho * square + (1 - self.rho) * gradient**2
        mean = self.rho * mean + (1 - self.rho) * gradient
        size = square - mean**2 if self.centered else square
        step = self.rate(iteration) * gradient / np.sqrt(size + self.epsilon)
        velocity = self.momentum * velocity + step
        self.state[key] = square, mean, velocity
        return np.asarray(variable - velocity)


FORMS: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9, "rho": 0.5},
    {"centered": True},
    {"centered": True, "momentum": 0.5, "epsilon": 1e-2},
]
CASES = [Case("rmsprop", RMSprop, form) for form in (*FORMS, {"rho": 0.0})]
PEERS = [
    Peer("rmsprop", "tf_keras", keras("RMSprop", **form, ema_overwrite_frequency=None), form)
    for form in FORMS
]
