"""Gradients that are wrong in every step, and right in the mean."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from optiplug import Tensor

from .problem import Problem, draw_seed

__all__ = ["Noise", "Outliers", "Sparse"]


class Noise(Problem):
    """Skewed noise: nearly always a little below zero, rarely far above, zero in the mean."""

    rare = 0.02
    usual = -0.3

    def noise(self, shape: list[int], seed: Tensor) -> Tensor:
        large = -self.usual * (1.0 - self.rare) / self.rare
        return tf.where(tf.random.stateless_uniform(shape, seed) < self.rare, large, self.usual)


class Outliers(Problem):
    """Noise of a Cauchy distribution, which has neither a variance nor a mean."""

    scale = 0.5

    def noise(self, shape: list[int], seed: Tensor) -> Tensor:
        return self.scale * tf.tan(math.pi * (tf.random.stateless_uniform(shape, seed) - 0.5))


class Sparse(Problem):
    """Rows of a table by Zipf's law: an example is the sum of `bag` of them, and most are in few."""

    bag = 4
    exponent = 1.5

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, ...]:
        """Return the rows that are in each example."""
        shares = np.cumsum(np.arange(1, self.shape[0] + 1) ** -self.exponent)
        drawn = tf.random.stateless_uniform([batch_size * self.bag], draw_seed(seed, step))
        rows = tf.searchsorted(tf.constant(shares[:-1] / shares[-1], tf.float32), drawn, side="right")
        return (tf.reshape(rows, [batch_size, self.bag]),)

    def loss(self, rows: Tensor) -> Tensor:  # type: ignore[override]
        errors = tf.gather(self.weights, rows) - tf.gather(tf.constant(self.optimum), rows)
        return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.reduce_sum(errors, axis=1) ** 2, axis=1))
