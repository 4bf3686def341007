"""Schedules side by side with those of tf_keras and optax, in float64."""

from __future__ import annotations

import jax
import numpy as np
import optax
import pytest
import tensorflow as tf
import tf_keras
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import optiplug
from support.schedule_examples import ANY, EXAMPLES, steps_around

KERAS = {
    "exponential": "ExponentialDecay",
    "polynomial": "PolynomialDecay",
    "piecewise_constant": "PiecewiseConstantDecay",
    "inverse_time": "InverseTimeDecay",
    "cosine": "CosineDecay",
    "cosine_restarts": "CosineDecayRestarts",
}
# What optax has, and Keras has not.
OURS = {"exponent", "transition_begin", "end_learning_rate"}
# tf_keras finds the period from a quotient of logarithms: exact at every boundary for no other growth.
KERAS_GROWTH = [1.0, 2.0]


def assert_same(ours, peer, steps):
    # Traced, which is how rates are used, and takes a tenth of the time of each operation by itself.
    rate = tf.function(lambda step: ours(step, tf.float64))
    values = [float(rate(tf.constant(step, tf.int64))) for step in steps]
    theirs = [float(peer(step)) for step in steps]
    np.testing.assert_allclose(values, theirs, rtol=1e-12, atol=1e-15 * max(theirs))


def assert_equals_optax(ours, peer, steps):
    assert_same(ours, jax.jit(peer), steps)


def in_float64(value):
    """tf_keras casts a Python number to float32 on its way to float64."""
    if isinstance(value, list):
        return [in_float64(each) for each in value]
    return tf.constant(value, tf.float64) if isinstance(value, float) else value


def assert_equals_tf_keras(name, hyperparameters, steps):
    peer = getattr(tf_keras.optimizers.schedules, KERAS[name])(
        **{field: in_float64(value) for field, value in hyperparameters.items()}
    )
    ours = optiplug.create(name, **hyperparameters)
    assert_same(ours, lambda step: peer(tf.constant(step, tf.float64)), steps)


@pytest.mark.sampled(13)
@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        pytest.param(name, hyperparameters, id=f"{name}-{index}")
        for name in KERAS
        for index, hyperparameters in enumerate(EXAMPLES[name])
        if hyperparameters.get("t_mul", 1.0) in KERAS_GROWTH and hyperparameters.get("boundaries") != []
        if name == "polynomial" or not OURS & hyperparameters.keys()
    ],
)
def test_equals_tf_keras(name, hyperparameters):
    steps = sorted({*range(130), *steps_around(hyperparameters)})
    assert_equals_tf_keras(name, hyperparameters, steps)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", KERAS)
@given(data=st.data())
@settings(max_examples=15)
def test_equals_tf_keras_with_any_hyperparameters(name, data):
    hyperparameters = data.draw(ANY[name])
    if name == "cosine_restarts":
        hyperparameters["t_mul"] = data.draw(st.sampled_from(KERAS_GROWTH))
    assume(hyperparameters.get("boundaries") != [])  # tf_keras needs one
    assume(not OURS & hyperparameters.keys() or name == "polynomial")
    assert_equals_tf_keras(name, hyperparameters, steps_around(hyperparameters))


@pytest.fixture
def _float64_in_jax():
    with jax.enable_x64(True):
        yield


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("hyperparameters", [each for each in EXAMPLES["one_cycle"] if "shape" not in each])
def test_one_cycle_equals_optax(hyperparameters):
    renamed = {"peak_learning_rate": "peak_value", "total_steps": "transition_steps"}
    peer = optax.cosine_onecycle_schedule(
        **{renamed.get(name, name): value for name, value in hyperparameters.items()}
    )
    assert_equals_optax(optiplug.create("one_cycle", **hyperparameters), peer, range(130))


@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("hyperparameters", EXAMPLES["linear"])
def test_linear_equals_optax(hyperparameters):
    renamed = {"initial_learning_rate": "init_value", "end_learning_rate": "end_value"}
    given = {"end_learning_rate": 0.0, **hyperparameters}
    peer = optax.linear_schedule(**{renamed.get(name, name): value for name, value in given.items()})
    assert_equals_optax(optiplug.create("linear", **hyperparameters), peer, range(130))


OPTAX = {
    "exponential": (
        optax.exponential_decay,
        {
            "initial_learning_rate": "init_value",
            "decay_steps": "transition_steps",
            "end_learning_rate": "end_value",
        },
    ),
    "cosine": (optax.cosine_decay_schedule, {"initial_learning_rate": "init_value"}),
}


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        pytest.param(name, hyperparameters, id=f"{name}-{index}")
        for name in OPTAX
        for index, hyperparameters in enumerate(EXAMPLES[name])
        if "warmup_target" not in hyperparameters
    ],
)
def test_options_of_optax_equal_optax(name, hyperparameters):
    make, renamed = OPTAX[name]
    peer = make(**{renamed.get(field, field): value for field, value in hyperparameters.items()})
    assert_equals_optax(optiplug.create(name, **hyperparameters), peer, range(130))


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("steps", [10, 88, 100])
@pytest.mark.parametrize("fractions", [(0.3, 0.85), (0.25, 0.5)])
def test_one_cycle_in_lines_equals_optax(steps, fractions):
    ours = optiplug.create(
        "one_cycle",
        peak_learning_rate=0.1,
        total_steps=steps,
        pct_start=fractions[0],
        div_factor=20.0,
        final_div_factor=100.0,
        shape="linear",
        pct_final=fractions[1],
    )
    assert_equals_optax(ours, optax.linear_onecycle_schedule(steps, 0.1, *fractions, 20.0, 100.0), range(130))


@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_piecewise_interpolate_equals_optax(shape):
    values = [0.1, 0.5, 0.25, 0.75]
    ours = optiplug.create("piecewise_interpolate", boundaries=[1, 41, 90], values=values, shape=shape)
    scales = {
        step: after / before for step, before, after in zip([1, 41, 90], values, values[1:], strict=False)
    }
    assert_equals_optax(ours, optax.piecewise_interpolate_schedule(shape, 0.1, scales), range(130))


@pytest.mark.usefixtures("_float64_in_jax")
def test_product_equals_optax_multiplied():
    ours = optiplug.create("product", schedules=[EXAMPLES["linear"][0] | {"use": "linear"}, 0.5])
    peer = optax.linear_schedule(0.1, 0.0, 41)
    assert_equals_optax(ours, lambda step: 0.5 * peer(step), range(130))


@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("mode", ["triangular", "triangular2"])
def test_cycles_equal_optax_lines_joined(mode):
    low, high, size = 0.01, 0.1, 10
    ours = optiplug.create(
        "cyclical", initial_learning_rate=low, maximal_learning_rate=high, step_size=size, mode=mode
    )
    heights = [(high - low) * (0.5**cycle if mode == "triangular2" else 1) for cycle in range(4)]
    lines = [
        line
        for height in heights
        for line in (
            optax.linear_schedule(low, low + height, size),
            optax.linear_schedule(low + height, low, size),
        )
    ]
    boundaries = [size * half for half in range(1, len(lines))]
    assert_equals_optax(ours, optax.join_schedules(lines, boundaries), range(2 * size * len(heights)))


@pytest.mark.usefixtures("_float64_in_jax")
@pytest.mark.parametrize("start", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("steps", [1, 41])
def test_warmup_equals_optax_joined(steps, start):
    ours = optiplug.create(
        "warmup",
        schedule={"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 47, "alpha": 0.1},
        warmup_steps=steps,
        initial_learning_rate=start,
    )
    after = optax.cosine_decay_schedule(0.1, 47, alpha=0.1)
    assert_equals_optax(
        ours, optax.join_schedules([optax.linear_schedule(start, 0.1, steps), after], [steps]), range(130)
    )


@pytest.mark.usefixtures("_float64_in_jax")
def test_join_equals_optax():
    ours = optiplug.create(
        "join",
        schedules=[
            {"use": "polynomial", "initial_learning_rate": 0.0, "decay_steps": 41, "end_learning_rate": 0.1},
            0.1,
            {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
        ],
        boundaries=[30, 60],
    )
    peers = [
        optax.linear_schedule(0.0, 0.1, 41),
        optax.constant_schedule(0.1),
        optax.exponential_decay(0.1, 10, 0.5),
    ]
    assert_equals_optax(ours, optax.join_schedules(peers, [30, 60]), range(130))


@pytest.mark.usefixtures("_float64_in_jax")
def test_warmup_stable_decay_equals_optax_joined():
    ours = optiplug.create(
        "warmup_stable_decay", peak_learning_rate=0.1, warmup_steps=10, stable_steps=50, decay_steps=41
    )
    peers = [optax.linear_schedule(0.0, 0.1, 10), lambda _: 0.1, optax.linear_schedule(0.1, 0.0, 41)]
    assert_equals_optax(ours, optax.join_schedules(peers, [10, 60]), range(130))
