"""NumPy float64 oracle of LARS.

You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks", Algorithm 1, with
an epsilon in the denominator, a ratio of 1 where a norm is 0, and variables of few dimensions left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from references.case import SHAPES, Case
from references.lamb import excluded
from references.training import Array, Scalar, at, norm


class LARS:
    """Momentum of steps scaled by a local rate. Variables are w0, w1, ..."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        trust_coefficient: float = 1e-3,
        weight_decay_rate: float = 0.0,
        epsilon: float = 1e-8,
        min_ndim: int = 2,
        exclude_from_decay: Sequence[str] = (),
        exclude_from_adaptation: Sequence[str] = (),
    ) -> None:
        self.learning_rate = learning_rate
        self.momentum, self.nesterov = momentum, nesterov
        self.trust_coefficient, self.epsilon = trust_coefficient, epsilon
        self.weight_decay_rate = weight_decay_rate
        self.min_ndim = min_ndim
        self.undecayed, self.unadapted = exclude_from_decay, exclude_from_adaptation
        self.velocities: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        low = variable.ndim < self.min_ndim
        decay = 0.0 if low or excluded(key, self.undecayed) else self.weight_decay_rate
        local, of_variable, of_gradient = 1.0, norm([variable]), norm([gradient])
        if of_variable > 0 and of_gradient > 0 and not (low or excluded(key, self.unadapted)):
            local = self.trust_coefficient * of_variable / (of_gradient + decay * of_variable + self.epsilon)
        step = self.rate(iteration) * local * (gradient + decay * variable)
        velocity = self.momentum * self.velocities.get(key, np.zeros_like(variable)) + step
        self.velocities[key] = velocity
        return np.asarray(variable - (self.momentum * velocity + step if self.nesterov else velocity))


CASES = [
    Case("lars", LARS, form, shapes=(*SHAPES, (2, 3, 4)))
    for form in (
        {},
        {"nesterov": True, "weight_decay_rate": 0.3, "trust_coefficient": 0.1, "epsilon": 1e-2},
        {"momentum": 0.0, "weight_decay_rate": 0.3, "trust_coefficient": 0.1, "min_ndim": 0},
        {
            "weight_decay_rate": 0.3,
            "trust_coefficient": 0.1,
            "min_ndim": 1,
            "exclude_from_decay": ("w1", "w[3-4]"),
            "exclude_from_adaptation": ("w2", "*4"),
        },
    )
]
