"""What sets Yogi, Adan and proximal Adagrad apart from their relatives."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug
from support.trajectories import follow


def test_yogi_forgets_a_large_gradient_slower_than_adam():
    gradients = [[1.0]] + [[0.001]] * 20
    seconds = {}
    for use in ("yogi", "adam"):
        optimizer = optiplug.create(use, beta_2=0.9)
        follow(optimizer, [0.0], gradients, "float64")
        seconds[use] = float(next(iter(optimizer.second_moment)).numpy())
    assert seconds["adam"] < 0.02
    assert seconds["yogi"] > 0.09


def test_yogi_is_not_moved_by_a_gradient_of_zero():
    (end,) = follow(optiplug.create("yogi"), [np.array([1.0, -1.0])], [[np.zeros(2)]], "float32")[-1]
    np.testing.assert_array_equal(end, [1.0, -1.0])


def test_adan_sees_no_difference_between_equal_gradients():
    optimizer = optiplug.create("adan", learning_rate=0.5)
    trajectory = follow(optimizer, [0.0], [[0.25]] * 4, "float64")
    np.testing.assert_allclose(np.ravel(trajectory), [-0.5, -1.0, -1.5, -2.0], rtol=1e-6)
    assert next(iter(optimizer.difference)).numpy() == 0


def test_proximal_adagrad_makes_exact_zeros_by_a_schedule_too():
    variable = tf.Variable([0.02, 3.0])
    strength = {"use": "piecewise_constant", "boundaries": [1], "values": [0.0, 1.0]}
    optimizer = optiplug.create("proximal_adagrad", learning_rate=0.01, l1_regularization_strength=strength)
    for _ in range(2):
        optimizer.apply_gradients([(tf.zeros(2), variable)])
    np.testing.assert_array_equal(variable.numpy(), np.float32([0.02, 3.0]))
    optimizer.apply_gradients([(tf.zeros(2), variable)])
    assert variable.numpy()[0] == 0
    assert variable.numpy()[1] > 2.9
