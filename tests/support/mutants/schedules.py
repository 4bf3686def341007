"""Broken schedules."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import tensorflow as tf

from optiplug import Schedule, ScheduleConfig
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
