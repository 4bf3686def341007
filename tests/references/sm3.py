"""NumPy float64 oracle of SM3-II.

Anil, Gupta, Koren and Singer 2019, "Memory-Efficient Adaptive Optimization": Algorithm SM3-II with
the slices along each axis as the cover, and momentum on the preconditioned gradient.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class SM3:
    """Accumulators are kept for each set of the cover, written out as sets of indices."""

    def __init__(self, *, learning_rate: Scalar = 0.1, momentum: float = 0.9, epsilon: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self.momentum, self.epsilon = momentum, epsilon
        self.accumulators: dict[tuple[int, int, int], float] = {}
        self.means: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        squares = np.zeros_like(gradient)
        largest: dict[tuple[int, int, int], float] = {}
        for place in np.ndindex(gradient.shape):
            cover = [(key, axis, index) for axis, index in enumerate(place)] or [(key, 0, 0)]
            bound = min(self.accumulators.get(each, 0.0) for each in cover)
            squares[place] = bound + gradient[place] ** 2
            for each in cover:
                largest[each] = max(largest.get(each, 0.0), float(squares[place]))
        self.accumulators |= largest
        root = np.sqrt(squares + self.epsilon)
        step = np.divide(gradient, root, out=np.zeros_like(gradient), where=root > 0)
        mean = self.momentum * self.means.get(key, np.zeros_like(step)) + (1 - self.momentum) * step
        self.means[key] = mean
        return np.asarray(variable - self.rate(iteration) * mean)


_SHAPES = ((5,), (4, 3), (0,), (2, 3, 4))
CASES = [
    Case("sm3", SM3, form, shapes=((), *_SHAPES, (3, 0)))
    for form in ({}, {"momentum": 0.0}, {"learning_rate": 0.5, "momentum": 0.5, "epsilon": 0.1})
]
# It takes no scalars, and adds 1e-8 to the squares.
PEERS = [
    Peer("sm3", "optax", optax("sm3", learning_rate=0.1), {"epsilon": 1e-8}, shapes=_SHAPES),
    Peer(
        "sm3",
        "optax",
        optax("sm3", learning_rate=0.02, momentum=0.0),
        {"epsilon": 1e-8, "learning_rate": 0.02, "momentum": 0.0},
        shapes=_SHAPES,
    ),
]
