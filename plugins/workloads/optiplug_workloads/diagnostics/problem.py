"""What all diagnostics have in common: weights that are about one away from where they should be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from optiplug import Task, TaskConfig, Tensor, Variable

__all__ = ["Problem", "draw_seed", "spread"]

_PLACE = 13126055  # of all optima: the seed of a run decides where it starts and its noise


class Problem(Task):
    """Weights to be brought to an optimum; each starts 0.5 to 1.5 away from it, on either side.

    Without noise, and with the same curvature along all axes, which is 1: a subclass changes one of it.
    """

    def __init__(self, config: TaskConfig) -> None:
        self.config = config
        self.shape: tuple[int, ...] = dict(config.shapes() or {})["weights"]
        self.optimum = np.random.default_rng(_PLACE).uniform(-1.0, 1.0, self.shape).astype(np.float32)

    def build(self, seed: int) -> None:
        self.weights = tf.Variable(self.start(np.random.default_rng([_PLACE, seed])), name="weights")

    def start(self, random: np.random.Generator) -> Tensor:
        """Return the first weights."""
        sides = random.choice([-1.0, 1.0], self.shape)
        return tf.constant(self.optimum + sides * random.uniform(0.5, 1.5, self.shape), tf.float32)

    @property
    def variables(self) -> list[Variable]:
        """The weights."""
        return [self.weights]

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, ...]:
        """Return the number of the step and, for each example, what is added to the gradient."""
        return tf.fill([batch_size], step), self.noise([batch_size, *self.shape], draw_seed(seed, step))

    def noise(self, shape: list[int], seed: Tensor) -> Tensor:
        """Draw the noise of examples; there is none unless it is what a diagnostic is about."""
        return tf.zeros(shape)

    def loss(self, steps: Tensor, noise: Tensor) -> Tensor:
        """Return the height, tilted by the noise."""
        return self.height(steps[0]) + tf.reduce_sum(tf.reduce_mean(noise, axis=0) * self.weights)

    def height(self, step: Tensor) -> Tensor:
        """Return the loss without noise."""
        return 0.5 * tf.reduce_sum(self.away() ** 2)

    def away(self) -> Tensor:
        """Return the way from the optimum to the weights."""
        return self.weights - self.optimum

    def evaluate(self) -> Mapping[str, float]:
        """Return the root of the mean squared distance of a weight to its optimum."""
        return {"distance": float(tf.sqrt(tf.reduce_mean(self.away() ** 2)))}


def draw_seed(seed: int, step: Tensor) -> Tensor:
    """Return the seed of what is drawn in a step."""
    return tf.random.fold_in(tf.stack([tf.cast(seed, tf.int64), tf.constant(_PLACE, tf.int64)]), step)


def spread(shape: tuple[int, ...], lowest: float) -> Tensor:
    """Return curvatures from `lowest` to 1 at equal ratios, in an order without a pattern."""
    values = np.geomspace(lowest, 1.0, int(np.prod(shape)))
    return tf.constant(np.random.default_rng(_PLACE).permutation(values).reshape(shape), tf.float32)
