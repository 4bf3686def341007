"""Trust ratios: LAMB from Adam, and what happens where a ratio means nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.oracle_runs import follow_optax
from support.trajectories import assert_same, follow, problem


@pytest.mark.slow
def test_around_adam_it_is_lamb():
    import optax

    initial, gradients = problem()
    adam = optiplug.create(
        "adam", learning_rate=0.02, epsilon=1e-3, epsilon_form="paper", processors=["trust_ratio"]
    )
    ours = follow(adam, initial, gradients, "float64")
    theirs = follow_optax(optax.lamb(0.02, eps=1e-3), initial, gradients, "float64")
    assert_same(ours, theirs, 1e-12)


def step(value, gradient, rate=0.25, **fields):
    """Return how one step of descent changes a variable."""
    variable = tf.Variable(value, dtype=tf.float64)
    ratio = {"use": "trust_ratio", **fields}
    optimizer = optiplug.create("sgd", learning_rate=rate, momentum=0.5, processors=[ratio])
    optimizer.apply_gradients([(tf.constant(gradient, tf.float64), variable)])
    return (variable.numpy() - np.array(value)).tolist()


def test_the_step_is_as_long_as_the_variable_times_the_rate():
    assert step([3.0, 4.0], [0.0, 1e-9]) == [0.0, -1.25]
    assert step([3.0, 4.0], [0.0, 1e9], coefficient=0.5) == [0.0, -0.625]


def test_where_a_norm_is_zero_the_update_stays():
    assert step([0.0, 0.0], [2.0, -4.0]) == [-0.5, 1.0]
    assert step([3.0, 4.0], [0.0, 0.0]) == [0.0, 0.0]


def test_nothing_moves_at_a_rate_of_zero():
    assert step([3.0, 4.0], [2.0, -4.0], rate=0.0) == [0.0, 0.0]


def test_the_ratio_has_an_upper_bound():
    assert step([3.0, 4.0], [0.0, 1.0], max_ratio=2.0) == [0.0, -0.5]


@pytest.mark.parametrize("use", ["trust_ratio", "update_clip"])
def test_a_momentum_waits_while_the_rate_is_zero(use):
    """The velocity goes on falling; what it would add is not learnt at this rate."""
    variable = tf.Variable([3.0, 4.0])

    def rate(iteration):
        return tf.where(iteration < 1, 0.25, 0.0)

    optimizer = optiplug.create("sgd", learning_rate=rate, momentum=0.5, processors=[use])
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), variable)])
    before = variable.numpy()
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), variable)])
    np.testing.assert_array_equal(variable.numpy(), before)
