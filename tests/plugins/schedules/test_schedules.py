"""Every registered schedule against its oracle: eagerly, in a graph and compiled."""

from __future__ import annotations

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import optiplug
from optiplug import registry
from references import schedules as oracles
from support.schedule_examples import ANY, EXAMPLES, moved_out, steps_around

NAMES = sorted({entry.name for entry in registry.entries("schedules")})
CASES = [
    pytest.param(name, hyperparameters, id=f"{name}-{index}")
    for name in NAMES
    for index, hyperparameters in enumerate(EXAMPLES.get(name, ()))
]
TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
MODES = {
    "eager": lambda function: function,
    "graph": tf.function,
    "compiled": lambda function: tf.function(function, jit_compile=True),
}


def schedule_of(name, hyperparameters):
    return registry.get("schedules", name)(**hyperparameters).create()


def follow(schedule, steps, dtype, mode="eager"):
    """Return the values at `steps`, as float64."""
    function = MODES[mode](lambda step: schedule(step, tf.as_dtype(dtype)))
    values = [function(tf.constant(step, tf.int64)) for step in steps]
    assert {(value.dtype.name, value.shape.rank) for value in values} == {(dtype, 0)}
    return np.array([value.numpy() for value in values], np.float64)


def expected(name, hyperparameters, steps):
    return np.array([oracles.evaluate({"use": name, **hyperparameters}, step) for step in steps])


@pytest.mark.parametrize("name", NAMES)
def test_has_an_oracle_and_is_tried(name):
    assert callable(getattr(oracles, name, None))
    assert EXAMPLES.get(name)
    assert name in ANY


@pytest.mark.sampled(13)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("name", "hyperparameters"), CASES)
def test_equals_its_oracle(name, hyperparameters, dtype, mode):
    steps = [*range(130), 1_000, 10_007] if mode == "eager" else steps_around(hyperparameters)
    values = expected(name, hyperparameters, steps)
    ours = follow(schedule_of(name, hyperparameters), steps, dtype, mode)
    # An oracle's own rounding is relative to its highest value: 1 + cos(x) loses digits near its 0.
    np.testing.assert_allclose(ours, values, rtol=TOLERANCES[dtype], atol=1e-15 * values.max())


# From 2^24 on float32 has every second number only, and from 2^31 on int32 none.
@pytest.mark.sampled(13)
@pytest.mark.parametrize("far", [2**24 + 1, 2**31 + 5, 10**9])
@pytest.mark.parametrize(("name", "hyperparameters"), CASES)
def test_equals_its_oracle_when_all_is_far_out(name, hyperparameters, far):
    hyperparameters = moved_out(hyperparameters, far)
    steps = steps_around(hyperparameters)
    values = expected(name, hyperparameters, steps)
    for dtype, tolerance in TOLERANCES.items():
        ours = follow(schedule_of(name, hyperparameters), steps, dtype, "graph")
        np.testing.assert_allclose(ours, values, rtol=tolerance, atol=1e-15 * values.max())


@pytest.mark.sampled(13)
@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=20)
def test_equals_its_oracle_with_any_hyperparameters(name, data):
    hyperparameters = data.draw(ANY[name])
    steps = steps_around(hyperparameters)
    schedule, values = schedule_of(name, hyperparameters), expected(name, hyperparameters, steps)
    for dtype, tolerance in TOLERANCES.items():
        ours = follow(schedule, steps, dtype)
        np.testing.assert_allclose(ours, values, rtol=tolerance, atol=tolerance * values.max())


# Of the last, the fifth restart is at step 61,051; summed up in float64 it comes just after it.
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("first", "growth"),
    [(1000, 1.0), (1000, 1.001), (1000, 1.5), (1000, 2.0), (1000, 3.0), (1000, 7.3), (10_000, 1.1)],
)
def test_every_restart_comes_at_its_step(first, growth, dtype):
    schedule = schedule_of(
        "cosine_restarts", {"initial_learning_rate": 1.0, "first_decay_steps": first, "t_mul": growth}
    )
    start, length, factor = Fraction(0), Fraction(first), Fraction(str(growth))
    for _ in range(12):
        start, length = start + length, length * factor
        before, after = follow(schedule, [math.ceil(start) - 1, math.ceil(start)], dtype)
        assert before < 1e-4
        assert after > 1 - 1e-4


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_last_steps_keep_their_digits(dtype):
    """``1 + cos(x)`` loses them in float32: after 99,999 of 100,000 steps it would return 0."""
    cosine = schedule_of("cosine", {"initial_learning_rate": 0.1, "decay_steps": 100_000})
    decay = schedule_of(
        "warmup_stable_decay",
        {
            "peak_learning_rate": 0.1,
            "warmup_steps": 0,
            "stable_steps": 0,
            "decay_steps": 100_000,
            "shape": "sqrt",
        },
    )
    left = 1e-5
    np.testing.assert_allclose(follow(cosine, [99_999], dtype), 0.1 * (math.pi / 2 * left) ** 2, rtol=1e-6)
    np.testing.assert_allclose(follow(decay, [99_999], dtype), 0.1 * left / 2, rtol=1e-5)


def test_slow_decay_does_not_drift_in_float32():
    """A power of 0.9999 rounded to float32 is wrong in the fourth digit after 10,000 steps."""
    hyperparameters = {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.9999}
    ours = follow(schedule_of("exponential", hyperparameters), [10_000], "float32")
    np.testing.assert_allclose(ours, expected("exponential", hyperparameters, [10_000]), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "stretches"),
    [("warmup", [range(91)]), ("join", [range(10), range(30), range(61)])],
)
def test_schedules_are_asked_only_for_steps_of_their_own(name, stretches):
    asked = [set() for _ in stretches]

    def remember(index):
        return lambda step: asked[index].add(float(step)) or step

    own = [remember(index) for index in range(len(stretches))]
    hyperparameters = {
        "warmup": {"schedule": own[0], "warmup_steps": 10},
        "join": {"schedules": own, "boundaries": [10, 40]},
    }
    follow(schedule_of(name, hyperparameters[name]), range(101), "float32")
    assert asked == [set(stretch) for stretch in stretches]


@pytest.mark.parametrize("mode", MODES)
def test_what_a_schedule_does_elsewhere_reaches_no_other(mode):
    joined = schedule_of("join", {"schedules": [0.5, lambda step: 1 / step, 0.25], "boundaries": [5, 6]})
    ours = follow(joined, [0, 4, 5, 6, 50], "float32", mode)
    np.testing.assert_array_equal(ours, [0.5, 0.5, np.inf, 0.25, 0.25])


@pytest.mark.parametrize(("name", "hyperparameters"), CASES)
def test_all_ways_to_make_one_are_the_same(name, hyperparameters):
    made = schedule_of(name, hyperparameters)
    kind, config = type(made), made.config
    assert kind(**hyperparameters).config == config
    assert kind(config).config is config
    assert kind(*(getattr(config, field) for field in type(config).model_fields)).config == config
    assert optiplug.create(name, **hyperparameters).config == config
    assert inspect.signature(kind).parameters.keys() == type(config).model_fields.keys()
