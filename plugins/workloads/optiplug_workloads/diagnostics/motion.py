"""Gradients of another time: of weights of some steps ago, and of an optimum that moves on."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from optiplug import TaskConfig, Tensor, Variable

from .problem import Problem, spread

__all__ = ["Delay", "Drift"]


class Delay(Problem):
    """The gradient is that at the weights of 16 steps ago, as other workers would send it."""

    delay = 16

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        self.curvature = spread(self.shape, 0.2)

    def build(self, seed: int) -> None:
        super().build(seed)
        first = tf.repeat(self.weights.read_value()[tf.newaxis], self.delay + 1, axis=0)
        self.former = _state(first, "former")

    @property
    def state(self) -> list[Variable]:
        """The weights of the last steps, each at the remainder of its number."""
        return [self.former]

    def height(self, step: Tensor) -> Tensor:
        """Return a plane with the slope that the loss had at those weights."""
        places = tf.constant(self.delay + 1, step.dtype)
        now = tf.one_hot(step % places, self.delay + 1, on_value=True, off_value=False)
        self.former.assign(tf.where(now[:, tf.newaxis, tf.newaxis], self.weights, self.former))
        before = self.former[(step + 1) % places]
        return tf.reduce_sum(tf.stop_gradient(self.curvature * (before - self.optimum)) * self.weights)


class Drift(Problem):
    """The optimum of each weight swings around its place, one to either side, each at its own time."""

    period = 60

    def __init__(self, config: TaskConfig) -> None:
        super().__init__(config)
        count = int(np.prod(self.shape))
        self.phase = tf.constant(2 * math.pi * np.arange(count).reshape(self.shape) / count, tf.float32)

    def build(self, seed: int) -> None:
        super().build(seed)
        self.step = _state(tf.constant(0, tf.int64), "step")

    @property
    def state(self) -> list[Variable]:
        """The step, for evaluations."""
        return [self.step]

    def height(self, step: Tensor) -> Tensor:
        self.step.assign(step)
        return super().height(step)

    def away(self) -> Tensor:
        angle = 2 * math.pi * tf.cast(self.step % self.period, tf.float32) / self.period
        return self.weights - self.optimum - tf.sin(angle + self.phase)


def _state(value: Tensor, name: str) -> Variable:
    """Create a variable of which each device has its own, all with the same value."""
    return tf.Variable(
        value,
        trainable=False,
        name=name,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
