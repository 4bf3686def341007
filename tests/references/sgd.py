"""NumPy float64 oracle of gradient descent with momentum.

Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum in
deep learning", with the learning rate inside the velocity.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class SGD:
    """``v <- momentum v - rate g``; ``w <- w + v``, with nesterov ``w <- w + momentum v - rate g``."""

    def __init__(self, learning_rate: Scalar = 0.01, momentum: Scalar = 0.0, nesterov: bool = False) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.velocity: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        rate, momentum = self.rate(iteration), at(self.momentum, iteration)
        velocity = momentum * self.velocity.get(key, np.zeros_like(variable)) - rate * gradient
        self.velocity[key] = velocity
        if self.nesterov:
            return np.asarray(variable + momentum * velocity - rate * gradient)
        return np.asarray(variable + velocity)


def _keras(**fields: Any) -> Any:
    import tf_keras

    return tf_keras.optimizers.SGD(**fields, jit_compile=False)


FORMS: list[dict[str, Any]] = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}]
CASES = [Case("sgd", SGD, form) for form in FORMS]
PEERS = [Peer("sgd", "tf_keras", partial(_keras, **form), form) for form in FORMS]
