"""NumPy float64 oracle of SOAP.

Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade 2024, "SOAP: Improving and
Stabilizing Shampoo using Adam": Algorithms 3 and 4 as written, with Adam's bias corrections and
with epsilon outside of the root, as in the authors' code. The bases start as identities, and 1e-6
of its trace is added to the diagonal of a covariance before its power iteration.
"""

from __future__ import annotations

import numpy as np

from references.case import SHAPES, Case
from references.training import Array, Scalar, at


class SOAP:
    """Adam between a rotation and its inverse, both by the axes of a variable."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 3e-3,
        beta_1: float = 0.95,
        beta_2: float = 0.95,
        shampoo_beta: float | None = None,
        epsilon: float = 1e-8,
        precondition_frequency: int = 10,
        max_preconditioner_dim: int = 4096,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.shampoo_beta = beta_2 if shampoo_beta is None else shampoo_beta
        self.epsilon = epsilon
        self.frequency, self.longest = precondition_frequency, max_preconditioner_dim
        self.moments: dict[int, tuple[Array, Array]] = {}
        self.covariances: dict[tuple[int, int], Array] = {}
        self.bases: dict[tuple[int, int], Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t = iteration + 1
        rotations = [self._basis(key, axis, size) for axis, size in enumerate(np.shape(gradient))]
        zero = np.zeros_like(variable)
        m, v = self.moments.get(key, (zero, zero))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * along(gradient, [each.T for each in rotations]) ** 2
        self.moments[key] = m, v
        normalised = along(m, [each.T for each in rotations]) / (np.sqrt(v) + self.epsilon)
        rate = self.rate(iteration) * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        for axis, size in enumerate(np.shape(gradient)):
            if self._has_basis(np.ndim(gradient), size):
                self._turn(key, axis, gradient, t)
        return np.asarray(variable - rate * along(normalised, rotations))

    def _has_basis(self, rank: int, size: int) -> bool:
        return rank > 1 and size <= self.longest

    def _basis(self, key: int, axis: int, size: int) -> Array:
        return self.bases.get((key, axis), np.eye(size))

    def _turn(self, key: int, axis: int, gradient: Array, t: int) -> None:
        size = gradient.shape[axis]
        unfolded = np.moveaxis(gradient, axis, 0).reshape(size, gradient.size // max(size, 1))
        covariance = self.covariances.get((key, axis), np.zeros((size, size)))
        covariance = self.shampoo_beta * covariance + (1 - self.shampoo_beta) * unfolded @ unfolded.T
        self.covariances[key, axis] = covariance
        if size and t % self.frequency == 0:
            lifted = covariance + 1e-6 * np.trace(covariance) * np.eye(size)
            self.bases[key, axis] = np.linalg.qr(lifted @ self._basis(key, axis, size)).Q


def along(x: Array, matrices: list[Array]) -> Array:
    """Multiply each axis of `x` by its matrix, from the left."""
    for axis, matrix in enumerate(matrices):
        x = np.moveaxis(np.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


_SHAPES = (*SHAPES, (3, 5), (1, 3), (2, 3, 4), (2, 2, 3, 2))
CASES = [
    Case("soap", SOAP, fields, shapes=_SHAPES)
    for fields in (
        {},
        {"precondition_frequency": 1, "beta_1": 0.8},
        {"precondition_frequency": 3, "shampoo_beta": 0.5, "epsilon": 1e-3},
        {"precondition_frequency": 2, "max_preconditioner_dim": 3},
    )
]
