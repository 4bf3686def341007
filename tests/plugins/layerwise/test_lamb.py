"""The trust ratio of LAMB in numbers worked out by hand, and what is spared it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def stepped(gradients, variables, **fields):
    """Return variables after one step of rate 0.5, with a direction of the gradient's sign."""
    variables = {name: tf.Variable(tf.constant(value), name=name) for name, value in variables.items()}
    optimizer = optiplug.create("lamb", learning_rate=0.5, epsilon=1e-12, jit_compile=False, **fields)
    optimizer.apply_gradients([(tf.constant(gradients[name]), each) for name, each in variables.items()])
    return {name: each.numpy() for name, each in variables.items()}


def one(gradient, variable, **fields):
    return stepped({"w": gradient}, {"w": variable}, **fields)["w"]


def test_the_ratio_is_that_of_the_norms():
    # The norm of the variable is 10, that of the direction (1, -1, 1, -1) is 2: a ratio of 5.
    after = one([0.1, -2.0, 30.0, -4e-3], [8.0, 6.0, 0.0, 0.0])
    np.testing.assert_allclose(after, [5.5, 8.5, -2.5, 2.5], rtol=1e-6)


def test_decay_is_inside_the_ratio():
    # The direction is (1, -1) + 0.5 * (4, 10) = (3, 4) with the norm 5, the variable's is sqrt(116).
    after = one([2.0, -7.0], [4.0, 10.0], weight_decay_rate=0.5)
    ratio = np.sqrt(116) / 5
    np.testing.assert_allclose(after, [4 - 0.5 * ratio * 3, 10 - 0.5 * ratio * 4], rtol=1e-6)


def test_weight_decay_of_all_optimizers_stays_outside():
    before = np.float32([8.0, 6.0])
    plain, decayed = (one([1.0, 3.0], before, weight_decay=decay) for decay in (None, 0.25))
    np.testing.assert_allclose(decayed, plain - 0.5 * 0.25 * before, rtol=1e-6)


def test_a_norm_of_zero_makes_the_ratio_one():
    np.testing.assert_allclose(one([3.0, -3.0], [0.0, 0.0]), [-0.5, 0.5], rtol=1e-6)
    np.testing.assert_array_equal(one([0.0, 0.0], [3.0, 4.0]), np.float32([3, 4]))
    np.testing.assert_array_equal(one([0.0, 0.0], [0.0, 0.0], weight_decay_rate=0.5), np.zeros(2, np.float32))


def test_decay_alone_is_scaled_to_the_variable():
    # Without gradient the direction is the decay, and the ratio undoes its factor.
    np.testing.assert_allclose(one([0.0, 0.0], [3.0, 4.0], weight_decay_rate=0.01), [1.5, 2.0], rtol=1e-6)


def test_variables_can_be_excluded():
    names = ("dense/kernel", "dense/bias", "norm/scale")
    after = stepped(
        {name: [-1.0, 1.0] if name == "dense/bias" else [1.0, -1.0] for name in names},
        {name: [4.0, 10.0] for name in names},
        weight_decay_rate=0.5,
        exclude_from_decay=["*bias", "norm/*"],
        exclude_from_adaptation=["*/scale"],
    )
    ratio, undecayed = np.sqrt(116) / 5, np.sqrt(116) / np.sqrt(2)
    np.testing.assert_allclose(after["dense/kernel"], [4 - 1.5 * ratio, 10 - 2 * ratio], rtol=1e-6)
    np.testing.assert_allclose(after["dense/bias"], [4 + undecayed / 2, 10 - undecayed / 2], rtol=1e-6)
    np.testing.assert_allclose(after["norm/scale"], [3.5, 10.5], rtol=1e-6)


@pytest.mark.parametrize("field", ["exclude_from_decay", "exclude_from_adaptation"])
def test_a_pattern_that_excludes_nothing_is_refused(field):
    with pytest.raises(optiplug.ConfigError, match=rf"lamb\.{field}.*biass.*the paths are w"):
        one([1.0], [1.0], weight_decay_rate=0.5, **{field: ["biass"]})


def test_inside_of_another_patterns_are_about_its_variables():
    kernel, bias = tf.Variable([[3.0]], name="kernel"), tf.Variable([1.0], name="bias")
    lamb = {
        "name": "kernels",
        "only": ["kernel"],
        "optimizer": {"use": "lamb", "weight_decay_rate": 0.5, "exclude_from_decay": ["bias"]},
    }
    optimizer = optiplug.create("partition", groups=[lamb, {"name": "rest", "optimizer": "lars"}])
    with pytest.raises(optiplug.ConfigError, match=r"exclude_from_decay.*bias.*kernel"):
        optimizer.build([kernel, bias])
