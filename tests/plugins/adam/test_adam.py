"""Adam and AdamW: in single precision, with keywords beside tf_keras, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.adam import CASES, Adam
from references.processors import WeightDecay
from references.training import train
from support.oracle_runs import from_oracle
from support.trajectories import TOLERANCES, assert_same, follow, problem, variables_of

RATE = 3e-3


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_its_oracle_in_single_precision_too(case):
    assert from_oracle(case, "float32") <= 1e-6


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_adamw_is_adam_with_decay(dtype):
    initial, gradients = problem()
    ours = follow(optiplug.create("adamw", learning_rate=RATE), initial, gradients, dtype)
    theirs = train(Adam(learning_rate=RATE), [WeightDecay(0.004)], initial, gradients)
    assert_same(ours, theirs, TOLERANCES[dtype])


def test_adamw_without_decay_is_adam():
    initial, gradients = problem(5)
    decayed = follow(optiplug.create("adamw", weight_decay=0.0), initial, gradients, "float32")
    assert_same(decayed, follow(optiplug.create("adam"), initial, gradients, "float32"), 0.0)
    with pytest.raises(optiplug.ConfigError, match="weight_decay"):
        optiplug.create("adamw", weight_decay=None)


def test_a_variable_without_gradient_is_left_alone():
    initial, gradients = problem(5)
    gradients = [[present[0], None, *present[2:]] for present in gradients]
    with pytest.warns(UserWarning, match="w1"):
        ours = follow(optiplug.create("adam"), initial, gradients, "float64")
    assert_same(ours, train(Adam(), [], initial, gradients), 1e-12)


KERAS = {
    "decay": ("adam", "Adam", {"weight_decay": 0.1}),
    "adamw amsgrad, global clip": ("adamw", "AdamW", {"amsgrad": True, "global_clipnorm": 1.0}),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", KERAS)
def test_keywords_equal_those_of_tf_keras(case):
    import tf_keras

    name, peer_name, hyperparameters = KERAS[case]
    initial, gradients = problem()
    peer = getattr(tf_keras.optimizers, peer_name)(jit_compile=False, **hyperparameters)
    ours = follow(optiplug.create(name, **hyperparameters), initial, gradients, "float32")
    assert_same(ours, follow(peer, initial, gradients, "float32"), 1e-6)


def test_rows_that_come_twice_equal_their_dense_sum():
    (initial,), _ = problem(0, [(6, 2)])
    sparse, dense = optiplug.create("adam"), optiplug.create("adam")
    (by_rows,), (whole,) = variables_of([initial], "float64"), variables_of([initial], "float64")
    for call in range(5):
        values, rows = (
            tf.random.stateless_normal([3, 2], [call, 0], dtype=tf.float64),
            tf.constant([4, call, 4]),
        )
        sparse.apply_gradients([(tf.IndexedSlices(values, rows, tf.constant([6, 2])), by_rows)])
        dense.apply_gradients([(tf.math.unsorted_segment_sum(values, rows, 6), whole)])
    np.testing.assert_array_equal(by_rows.numpy(), whole.numpy())


def test_the_bias_correction_keeps_its_digits_in_float32():
    (variable,) = variables_of([np.asarray(0.0)], "float32")
    optimizer = optiplug.create("adam", learning_rate=1.0, beta_2=0.999999)
    optimizer.apply_gradients([(tf.constant(3.0), variable)])
    # After one step m_hat / sqrt(v_hat) is the sign, whatever beta_2.
    np.testing.assert_allclose(variable.numpy(), -1.0, rtol=1e-4)
    for _ in range(9):
        optimizer.apply_gradients([(tf.constant(3.0), variable)])
    np.testing.assert_allclose(variable.numpy(), -10.0, rtol=1e-4)


@pytest.mark.parametrize("form", [{}, {"epsilon_form": "paper"}, {"amsgrad": True}], ids=str)
def test_without_epsilon_what_has_no_gradient_stays(form):
    (variable,) = variables_of([np.asarray([1.0, 1.0])], "float64")
    optimizer = optiplug.create("adam", learning_rate=0.25, epsilon=0.0, **form)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1e-30, 0.0], tf.float64), variable)])
    np.testing.assert_allclose(variable.numpy(), [0.5, 1.0], rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"beta_1": 1.0},
        {"beta_2": -0.1},
        {"epsilon": -1e-7},
        {"epsilon": float("inf")},
        {"epsilon_form": "seed"},
        {"amsgrad": 1},
    ],
)
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("adam", **wrong)
