"""Landscapes that are hard to descend, without any noise."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from optiplug import TaskConfig, Tensor

from .problem import Problem, spread

__all__ = ["Cliff", "Saddle", "Scale", "Tiny", "Valley"]


class Scale(Problem):
    """Curvatures from 1e-4 to 1, each along an axis."""

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        self.curvature = spread(self.shape, 1e-4)

    def height(self, step: Tensor) -> Tensor:
        return 0.5 * tf.reduce_sum(self.curvature * self.away() ** 2)


class Valley(Problem):
    """Curvatures from 1e-4 to 1 in directions along no axis, but those of rows times those of columns."""

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        self.left, self.right = (_rotated(size, seed=size + axis) for axis, size in enumerate(self.shape))

    def height(self, step: Tensor) -> Tensor:
        return 0.5 * tf.reduce_sum((self.left @ self.away() @ self.right) ** 2)


def _rotated(size: int, seed: int) -> Tensor:
    """Return a symmetric matrix with eigenvalues from 0.1 to 1."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return tf.constant((basis * np.geomspace(0.1, 1.0, size)) @ basis.T, tf.float32)


class Saddle(Problem):
    """Half of the weights start between two optima, where the slope is nearly zero, the others in a bowl."""

    flatness = 0.005
    nearness = 1e-4

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        self.ridge = np.arange(int(np.prod(self.shape))).reshape(self.shape) % 2 == 0

    def start(self, random: np.random.Generator) -> Tensor:
        sides = tf.constant(random.choice([-1.0, 1.0], self.shape), tf.float32)
        return tf.where(self.ridge, self.optimum + self.nearness * sides, super().start(random))

    def height(self, step: Tensor) -> Tensor:
        away = self.weights - self.optimum
        twofold = 0.25 * self.flatness * (away**2 - 1.0) ** 2
        return tf.reduce_sum(tf.where(self.ridge, twofold, 0.5 * away**2))

    def away(self) -> Tensor:
        """Return the way from the nearest optimum: on the ridge one lies at -1, and one at 1."""
        away = self.weights - self.optimum
        return tf.where(self.ridge, tf.abs(away) - 1.0, away)


class Cliff(Problem):
    """A bowl with walls around it, ten thousand times as steep, on which a run starts."""

    edge = 0.4
    steepness = 1e4

    def height(self, step: Tensor) -> Tensor:
        above = tf.nn.relu(tf.abs(self.away()) - self.edge)
        return super().height(step) + self.steepness * tf.reduce_sum(above)


class Tiny(Problem):
    """A loss so small that its gradients vanish beside the epsilon of most formulas."""

    size = 1e-10

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        self.curvature = spread(self.shape, 0.1)

    def height(self, step: Tensor) -> Tensor:
        return self.size * 0.5 * tf.reduce_sum(self.curvature * self.away() ** 2)
