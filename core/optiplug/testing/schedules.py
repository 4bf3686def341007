"""Checks of schedules: one finite number per step, the same wherever it is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._config.kinds import ScheduleConfig

from .check import check, require
from .training import STEPS, Training, compare, gradients, reference

_KIND = "schedules"
_STEPS = (0, 1, 10, 1_000, 1_000_000)


@check(_KIND)
def gives_finite_scalars(config: ScheduleConfig) -> None:
    """At every step `value` is a finite scalar tensor of the dtype of the step."""
    schedule = config.create()
    for dtype in (tf.float32, tf.float64):
        for step in _STEPS:
            value = schedule.value(tf.constant(step, dtype))
            where = f"at step {step} in {dtype.name}"
            fits = tf.is_tensor(value) and value.dtype == dtype and value.shape.rank == 0
            require(
                fits, "a scalar tensor of the dtype of `step` must be returned", where=where, received=value
            )
            require(np.isfinite(value.numpy()), "must be finite", where=where, received=float(value))


@check(_KIND)
def is_precise(config: ScheduleConfig) -> None:
    """Single and double precision agree, and so do two schedules of the same config."""
    one, other = config.create(), config.create()
    single = [float(one(step)) for step in _STEPS]
    double = [float(other(step, tf.float64)) for step in reversed(_STEPS)][::-1]
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-6 * max(map(abs, double)))


@check(_KIND)
def same_in_graph_and_xla(config: ScheduleConfig) -> None:
    """Traced once, compiled or not, it gives at each step what it gives eagerly."""
    schedule = config.create()
    steps = [tf.constant(step, tf.int64) for step in _STEPS]
    expected = [float(schedule(step)) for step in steps]
    for jit_compile in (False, True):
        function: Any = tf.function(schedule, jit_compile=jit_compile, autograph=False)
        actual = [float(function(step)) for step in steps]
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * max(map(abs, expected)))


@check(_KIND)
def drives_a_learning_rate(config: ScheduleConfig) -> None:
    """As a learning rate it is read at each step, counted from 0."""
    schedule, training = config.create(), reference(config)
    expected = Training(config).model_values()
    for step in range(STEPS):
        for name, gradient in gradients(step).items():
            expected[name] = expected[name] - float(schedule(step)) * gradient
    compare(training.model_values(), expected, "with this learning rate", 1e-6)
