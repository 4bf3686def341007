"""NumPy float64 oracle of proximal Adagrad.

Duchi and Singer 2009, "Efficient Learning using Forward-Backward Splitting", equations 2 and 3 with
the solutions for L1 (its section 5.1) and squared L2; rates of Adagrad for each element.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Scalar, at


class ProximalAdagrad:
    """A step of Adagrad, then the point that is best for the regularization and close to it."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Scalar = 0.0,
        l2_regularization_strength: Scalar = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.initial = initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.accumulators: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        accumulator = self.accumulators.get(key, np.full_like(variable, self.initial)) + gradient**2
        self.accumulators[key] = accumulator
        rate = self.rate(iteration) / np.sqrt(accumulator)
        point = variable - rate * gradient
        shrunk = np.abs(point) - rate * at(self.l1, iteration)
        regularized = np.where(shrunk > 0, np.sign(point) * shrunk, 0.0)
        return np.asarray(regularized / (1 + rate * at(self.l2, iteration)))


class TensorFlow:
    """The kernel of TensorFlow that its Addons call, as an optimizer."""

    def __init__(self, learning_rate: float, l1: float, l2: float) -> None:
        self.numbers = {"lr": learning_rate, "l1": l1, "l2": l2}
        self.accumulators: dict[int, Any] = {}

    def apply_gradients(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        import tensorflow as tf

        for gradient, variable in pairs:
            start = tf.Variable(tf.fill(variable.shape, tf.constant(0.1, variable.dtype)))
            accumulator = self.accumulators.setdefault(id(variable), start)
            numbers = {name: tf.constant(value, variable.dtype) for name, value in self.numbers.items()}
            tf.raw_ops.ResourceApplyProximalAdagrad(
                var=variable.handle, accum=accumulator.handle, grad=gradient, **numbers
            )


_FORMS = [
    {"learning_rate": 0.1},
    {"learning_rate": 0.1, "l1_regularization_strength": 0.2},
    {"learning_rate": 0.1, "l2_regularization_strength": 0.3},
    {"learning_rate": 0.1, "l1_regularization_strength": 0.2, "l2_regularization_strength": 0.3},
]
CASES = [
    *(Case("proximal_adagrad", ProximalAdagrad, form) for form in _FORMS),
    Case("proximal_adagrad", ProximalAdagrad, {"initial_accumulator_value": 2.0}),
]
PEERS = [
    Peer("proximal_adagrad", "tensorflow", partial(TensorFlow, 0.1, l1, l2), form)
    for form, (l1, l2) in zip(_FORMS, [(0.0, 0.0), (0.2, 0.0), (0.0, 0.3), (0.2, 0.3)], strict=True)
]
