"""NumPy float64 oracle of the conditional gradient method.

Frank and Wolfe 1956, "An algorithm for quadratic programming", on balls as in Ravi, Dinh, Lokhande
and Singh 2018, "Constrained Deep Learning using Conditional Gradient and Applications in Computer
Vision". The largest singular vectors are those that the power method finds in as many iterations.
"""

from __future__ import annotations

import numpy as np

from references.case import SHAPES, Case
from references.training import Array, Scalar, at, norm


class ConditionalGradient:
    """Go part of the way to the point of the ball where the linearized loss is smallest."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 0.01,
        radius: Scalar = 1.0,
        norm: str = "frobenius",
        power_iterations: int = 16,
    ) -> None:
        self.learning_rate, self.radius = learning_rate, radius
        self.norm, self.power_iterations = norm, power_iterations

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        if not gradient.any():
            return variable
        nuclear = self.norm == "nuclear" and gradient.ndim > 1
        direction = self._top_pair(gradient) if nuclear else gradient / norm([gradient])
        best = -at(self.radius, iteration) * direction
        return np.asarray(variable + self.rate(iteration) * (best - variable))

    def _top_pair(self, gradient: Array) -> Array:
        matrix = gradient.reshape(-1, gradient.shape[-1])
        v = matrix[np.argmax(np.sum(matrix**2, axis=1))]
        for _ in range(self.power_iterations):
            v = matrix.T @ (matrix @ v)
            v = v / norm([v])
        u = matrix @ v
        return np.outer(u / norm([u]), v).reshape(gradient.shape)


_SHAPES = (*SHAPES, (2, 3, 4), (0, 3))
CASES = [
    Case("conditional_gradient", ConditionalGradient, form, shapes=_SHAPES)
    for form in (
        {},
        {"learning_rate": 0.3, "radius": 2.5},
        {"learning_rate": 0.1, "norm": "nuclear"},
        {"learning_rate": 0.1, "norm": "nuclear", "radius": 0.5, "power_iterations": 2},
    )
]
