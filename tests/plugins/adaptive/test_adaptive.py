"""What sets RMSprop, Adagrad and Adadelta apart from their formulas, and Keras' state of all four."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.keras_continuation import KINDS, assert_continues
from support.trajectories import variables_of


def stepped(optimizer, gradient, steps, dtype="float32"):
    (variable,) = variables_of([np.ones_like(gradient)], dtype)
    for _ in range(steps):
        optimizer.apply_gradients([(tf.constant(gradient, dtype), variable)])
    return variable.numpy()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_variance_of_zero_is_not_rounded_below_it(dtype):
    gradient = np.asarray([37.3, -211.7, 3.1, 0.77])
    optimizer = optiplug.create("rmsprop", learning_rate=1e-6, rho=0.3, centered=True)
    assert np.isfinite(np.asarray(stepped(optimizer, gradient, 100, dtype), np.float64)).all()


def test_rmsprop_does_not_overwrite_with_averages():
    assert optiplug.create("rmsprop", use_ema=True).config.ema_overwrite_frequency is None


def test_rmsprop_keeps_only_the_slots_it_needs():
    variables = variables_of([np.asarray([1.0])], "float32")
    plain, full = optiplug.create("rmsprop"), optiplug.create("rmsprop", centered=True, momentum=0.9)
    plain.build(variables)
    full.build(variables)
    own = {"iterations", "learning_rate"}
    assert plain.state.states.keys() - own == {"second_moment/w0"}
    assert full.state.states.keys() - own == {"second_moment/w0", "average_gradient/w0", "momentum/w0"}


def test_adagrad_without_epsilon_spares_what_has_no_gradient():
    optimizer = optiplug.create("adagrad", learning_rate=0.5, initial_accumulator_value=0.0, epsilon=0.0)
    np.testing.assert_array_equal(stepped(optimizer, np.asarray([3.0, 0.0]), 1), [0.5, 1.0])


def test_adadelta_forgets_at_once_without_rho():
    optimizer = optiplug.create("adadelta", learning_rate=1.0, rho=0.0, epsilon=0.25)
    # sqrt(0 + 1/4) / sqrt(12 + 1/4) * sqrt(12), squared 12/49; then sqrt(12/49 + 1/4) in its place
    size = 12**0.5 / 3.5 * (0.5 + (12 / 49 + 0.25) ** 0.5)
    values = stepped(optimizer, np.asarray([12**0.5, 0.0]), 2, "float64")
    np.testing.assert_allclose(values, [1 - size, 1.0], rtol=1e-14)


KERAS = {
    "rmsprop": ("RMSprop", [{}, {"centered": True, "momentum": 0.5}]),
    "adagrad": ("Adagrad", [{}]),
    "adadelta": ("Adadelta", [{"rho": 0.5}]),
    "ftrl": ("Ftrl", [{"l1_regularization_strength": 0.1}]),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("use", KERAS)
def test_continues_an_optimizer_of_keras(use, kind):
    name, forms = KERAS[use]
    for form in forms:
        assert_continues(kind, use, name, {"learning_rate": 0.1, **form})


@pytest.mark.parametrize(
    ("use", "wrong"),
    [
        ("rmsprop", {"rho": 1.0}),
        ("rmsprop", {"epsilon": 0.0}),
        ("adagrad", {"initial_accumulator_value": -0.1}),
        ("adadelta", {"epsilon": 0.0}),
        ("ftrl", {"learning_rate_power": 0.5}),
        ("ftrl", {"initial_accumulator_value": -0.1}),
        ("ftrl", {"l1_regularization_strength": -0.1}),
        ("ftrl", {"l2_regularization_strength": -0.1}),
        ("ftrl", {"l2_shrinkage_regularization_strength": -0.1}),
    ],
)
def test_what_is_out_of_range_is_refused(use, wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create(use, **wrong)
