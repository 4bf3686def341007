"""Broken schedules."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import tensorflow as tf

from optiplug import PositiveInt, Schedule, ScheduleConfig
from support.mutants.mutant import breaks


class Curve(Schedule):
    """What broken schedules derive from."""

    Config = ScheduleConfig


@breaks("gives_finite_scalars", "at step 0 in float32: must be finite")
class DividesByTheStep(Curve):
    def value(self, step):
        return 1 / step


@breaks("gives_finite_scalars", "at step 0 in float64: a scalar tensor of the dtype of `step`")
class IsAlwaysSingle(Curve):
    def value(self, step):
        return tf.constant(0.5)


@breaks("is_precise", "(?i)not equal to tolerance")
class IsMadeUp(Curve):
    def value(self, step):
        return tf.constant(np.random.default_rng().random(), step.dtype)


@breaks("counts_every_step", "boundary: steps beyond 2.24 must be told apart")
class RoundsTheStep(Curve):
    class Config(ScheduleConfig):
        """A stair."""

        boundary: PositiveInt = 10
        """Its last step."""

    def value(self, step):
        behind = tf.cast(step, tf.float32) > tf.cast(self.config.boundary, tf.float32)
        return tf.where(behind, tf.constant(0.1, step.dtype), tf.constant(0.5, step.dtype))


@breaks("counts_every_step", "at step 16777216: must be 0.5 in single precision, too")
class CountsInTheDtypeOfTheResult(Curve):
    class Config(ScheduleConfig):
        """A stair."""

        boundary: PositiveInt = 10
        """The step after it."""

    def __call__(self, iteration, dtype=tf.float32):
        return tf.cast(self.value(tf.cast(iteration, dtype)), dtype)

    def value(self, step):
        behind = step >= self.config.boundary
        return tf.where(behind, tf.constant(0.1, step.dtype), tf.constant(0.5, step.dtype))


@breaks("counts_every_step", "decay_steps: steps beyond 2.24 must be told apart")
class DecaysByARoundedStep(Curve):
    class Config(ScheduleConfig):
        """A line."""

        decay_steps: PositiveInt = 10
        """Steps until 0."""

    def value(self, step):
        return 1 - tf.minimum(tf.cast(tf.cast(step, tf.float32), step.dtype) / self.config.decay_steps, 1)


@breaks("same_in_graph_and_xla", "(?i)numpy")
class ComputesInNumPy(Curve):
    def value(self, step):
        return tf.constant(np.exp(-step.numpy()), step.dtype)


@breaks("same_in_graph_and_xla", "(?i)not equal to tolerance")
class FreezesInTheTrace(Curve):
    def value(self, step):
        return 1 / (1 + step) if tf.executing_eagerly() else tf.constant(0.5, step.dtype)


@breaks("drives_a_learning_rate", "with this learning rate: encoder/table differs")
class CountsItsCalls(Curve):
    calls: ClassVar[list[int]] = []

    def value(self, step):
        self.calls.append(1)
        return tf.constant(1 / len(self.calls), step.dtype)
