"""The trust ratio of LARS in numbers worked out by hand, and what is spared it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def stepped(gradients, variables, **fields):
    """Return variables after one step of rate 1."""
    variables = {name: tf.Variable(tf.constant(value), name=name) for name, value in variables.items()}
    fields = {"learning_rate": 1.0, "epsilon": 0.0, "jit_compile": False, **fields}
    optimizer = optiplug.create("lars", **fields)
    optimizer.apply_gradients([(tf.constant(gradients[name]), each) for name, each in variables.items()])
    return {name: each.numpy() for name, each in variables.items()}


def one(gradient, variable, **fields):
    return stepped({"w": gradient}, {"w": variable}, **fields)["w"]


def test_the_ratio_is_that_of_the_norms():
    # Norms of 5 and 10: a ratio of a half, of which the trust coefficient takes a tenth.
    after = one([[6.0, 8.0]], [[3.0, -4.0]], trust_coefficient=0.1)
    np.testing.assert_allclose(after, [[3 - 0.05 * 6, -4 - 0.05 * 8]], rtol=1e-6)


def test_the_denominator_is_a_sum_of_norms():
    # 0.1 * 5 / (10 + 0.5 * 5 + 7.5), where the norm of the sum of gradient and decay is not 12.5.
    after = one([[6.0, 8.0]], [[3.0, -4.0]], trust_coefficient=0.1, weight_decay_rate=0.5, epsilon=7.5)
    ratio = 0.1 * 5 / 20
    np.testing.assert_allclose(after, [[3 - ratio * 7.5, -4 - ratio * 6]], rtol=1e-6)


def test_a_norm_of_zero_makes_the_ratio_one():
    decay = {"weight_decay_rate": 0.5, "trust_coefficient": 0.1}
    np.testing.assert_allclose(one([[6.0, 8.0]], [[0.0, 0.0]], **decay), [[-6.0, -8.0]], rtol=1e-6)
    np.testing.assert_allclose(one([[0.0, 0.0]], [[3.0, -4.0]], **decay), [[1.5, -2.0]], rtol=1e-6)
    np.testing.assert_array_equal(one([[0.0, 0.0]], [[0.0, 0.0]], **decay), np.zeros([1, 2], np.float32))


def test_vectors_are_neither_adapted_nor_decayed():
    decay = {"weight_decay_rate": 0.5, "trust_coefficient": 0.1}
    np.testing.assert_allclose(one([6.0, 8.0], [3.0, -4.0], **decay), [-3.0, -12.0], rtol=1e-6)
    ratio = 0.1 * 5 / 12.5
    after = one([6.0, 8.0], [3.0, -4.0], min_ndim=1, **decay)
    np.testing.assert_allclose(after, [3 - ratio * 7.5, -4 - ratio * 6], rtol=1e-6)


def test_further_variables_can_be_excluded():
    after = stepped(
        {"table": [[6.0, 8.0]], "kernel": [[6.0, 8.0]]},
        {"table": [[3.0, -4.0]], "kernel": [[3.0, -4.0]]},
        weight_decay_rate=0.5,
        trust_coefficient=0.1,
        exclude_from_adaptation=["table"],
        exclude_from_decay=["kernel"],
    )
    np.testing.assert_allclose(after["table"], [[3 - 7.5, -4 - 6]], rtol=1e-6)
    np.testing.assert_allclose(after["kernel"], [[3 - 0.05 * 6, -4 - 0.05 * 8]], rtol=1e-6)


def test_a_pattern_that_excludes_nothing_is_refused():
    with pytest.raises(optiplug.ConfigError, match=r"lars\.exclude_from_decay.*biass.*the paths are w"):
        one([1.0], [1.0], weight_decay_rate=0.1, exclude_from_decay=["biass"])


def test_the_rate_is_inside_the_velocity():
    variable, optimizer = tf.Variable([0.0]), optiplug.create("lars", learning_rate=1.0, momentum=0.5)
    optimizer.apply_gradients([(tf.constant([2.0]), variable)])
    optimizer.learning_rate = 0.0
    optimizer.apply_gradients([(tf.constant([2.0]), variable)])
    np.testing.assert_allclose(variable.numpy(), [-2.0 - 0.5 * 2.0])
