"""Checks of schedules: one finite number per step, the same wherever it is computed."""

from __future__ import annotations

from functools import cache, partial
from itertools import accumulate
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._config.kinds import ScheduleConfig
from optiplug._schedule import Schedule
from optiplug.errors import ConfigError

from .check import check, require
from .training import STEPS, Training, compare, gradients, reference

_KIND = "schedules"
_STEPS = (0, 1, 10, 1_000, 1_000_000)
# Four in a row, as a boundary may be one of the numbers that float32 has: from 2^24 on every second one.
_FAR = (*range(2**24, 2**24 + 4), 2**31 + 5, 10**9)


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
    np.testing.assert_allclose(single, double, rtol=1e-6, atol=1e-30)


@check(_KIND)
def counts_every_step(config: ScheduleConfig) -> None:
    """Beyond 2^24 steps, where float32 has not every number, it tells each from the next one."""
    for where, far in _far_configs(config).items():
        told = changes = False
        for each in far:
            value = cache(partial(_in_both, each.create()))
            for turn in _far_turns(each):
                steps = range(turn - 1, turn + 3)
                values = [value(step) for step in steps]
                changes |= not np.allclose(values, values[0], rtol=1e-12, atol=0)
                # A schedule that rounds the step to float32 has the same value at the rounded step.
                told |= values != [value(int(np.float32(step))) for step in steps]
        rule = "steps beyond 2^24 must be told apart, as int64 and float64 do, and float32 does not"
        require(told or not changes, rule, where=where, received=far[0])


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


def _far_configs(config: ScheduleConfig) -> dict[str, list[ScheduleConfig]]:
    """Return this config, and for each field that holds steps the configs with it moved far out."""
    moved = {name: [_moved(config, name, far) for far in _FAR] for name, value in config if _whole(value)}
    accepted = {name: [each for each in some if each is not None] for name, some in moved.items()}
    return {"as it is": [config]} | {name: some for name, some in accepted.items() if some}


def _whole(value: object) -> list[int]:
    """Return the whole numbers in the value of a field."""
    items = value if isinstance(value, tuple) else (value,)
    return [item for item in items if isinstance(item, int) and not isinstance(item, bool)]


def _moved(config: ScheduleConfig, name: str, far: int) -> ScheduleConfig | None:
    value = getattr(config, name)
    moved = tuple(far + each - value[0] for each in value) if isinstance(value, tuple) else far
    try:
        return type(config)(**{**dict(config), name: moved})
    except ConfigError:  # not every whole number is a number of steps
        return None


def _far_turns(config: ScheduleConfig) -> list[int]:
    """Return the far steps where something may change."""
    lengths = [each for _, value in config for each in _whole(value)]
    turns = {*_FAR[:1], *lengths, *accumulate(lengths)}
    return sorted(turn for turn in turns if turn >= _FAR[0])


def _in_both(schedule: Schedule, step: int) -> float:
    """Return the value at a step in double precision, which that in single precision must be, rounded."""
    single, double = (float(schedule(step, dtype)) for dtype in (tf.float32, tf.float64))
    require(
        np.isclose(single, double, rtol=1e-6, atol=1e-30),
        f"must be {double:g} in single precision, too",
        where=f"at step {step}",
        received=single,
    )
    return double
