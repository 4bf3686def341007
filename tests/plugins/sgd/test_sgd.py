"""What is to be said of SGD beside the figures of tests/numerics."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.sgd import SGD
from references.training import train
from support.trajectories import apply, assert_same, follow, problem, variables_of

FORMS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
}


@pytest.mark.parametrize("form", FORMS)
def test_equals_its_oracle_in_single_precision(form):
    initial, gradients = problem()
    ours = follow(optiplug.create("sgd", learning_rate=0.02, **FORMS[form]), initial, gradients, "float32")
    assert_same(ours, train(SGD(0.02, **FORMS[form]), [], initial, gradients), 1e-6)


def test_rate_and_momentum_may_depend_on_the_step():
    initial, gradients = problem(20)
    optimizer = optiplug.create(
        "sgd",
        learning_rate=lambda iteration: 0.1 / tf.cast(iteration + 1, tf.float64),
        momentum=lambda iteration: 1 - 1 / tf.cast(iteration + 2, tf.float64),
    )
    oracle = SGD(lambda iteration: 0.1 / (iteration + 1), lambda iteration: 1 - 1 / (iteration + 2))
    assert_same(
        follow(optimizer, initial, gradients, "float64"), train(oracle, [], initial, gradients), 1e-12
    )


def test_a_variable_without_gradient_is_left_alone():
    initial, gradients = problem(5)
    gradients = [[present[0], None, *present[2:]] for present in gradients]
    optimizer = optiplug.create("sgd", learning_rate=0.02, momentum=0.9)
    with pytest.warns(UserWarning, match="w1"):
        ours = follow(optimizer, initial, gradients, "float64")
    assert_same(ours, train(SGD(0.02, 0.9), [], initial, gradients), 1e-12)
    np.testing.assert_array_equal(ours[-1][1], initial[1])


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_come_twice_equal_their_dense_sum(form):
    (initial,), _ = problem(0, [(6, 2)])
    sparse, dense = optiplug.create("sgd", **FORMS[form]), optiplug.create("sgd", **FORMS[form])
    (by_rows,), (whole,) = variables_of([initial], "float64"), variables_of([initial], "float64")
    for call in range(5):
        values, rows = (
            tf.random.stateless_normal([3, 2], [call, 0], dtype=tf.float64),
            tf.constant([4, call, 4]),
        )
        sparse.apply_gradients([(tf.IndexedSlices(values, rows, tf.constant([6, 2])), by_rows)])
        dense.apply_gradients([(tf.math.unsorted_segment_sum(values, rows, 6), whole)])
    np.testing.assert_array_equal(by_rows.numpy(), whole.numpy())


def test_half_precision_is_rounded_once_per_step():
    initial, gradients = problem(1, [(64,)])
    (variable,) = variables_of(initial, "bfloat16")
    start = variable.numpy().astype(np.float32)
    apply(optiplug.create("sgd", learning_rate=0.3), gradients[0], [variable])
    slope = tf.constant(gradients[0][0], tf.bfloat16).numpy().astype(np.float32)
    expected = tf.cast(start - np.float32(0.3) * slope, tf.bfloat16)
    np.testing.assert_array_equal(variable.numpy(), expected.numpy())
