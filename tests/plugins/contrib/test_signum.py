"""Signum: what its numbers mean, beside the comparison with its oracle."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def run(optimizer, *gradients):
    variable = tf.Variable(np.zeros_like(gradients[0]))
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return variable.numpy().tolist()


def test_only_the_signs_of_gradients_count_in_the_first_step():
    optimizer = optiplug.create("signum", learning_rate=0.5)
    assert run(optimizer, np.array([1e-30, -1e30, 0.0])) == [-0.5, 0.5, 0.0]


def test_the_momentum_outvotes_a_small_opposing_gradient():
    optimizer = optiplug.create("signum", learning_rate=0.5, momentum=0.5)
    assert run(optimizer, np.array([8.0, 1.0]), np.array([-1.0, -1.0])) == [-1.0, 0.0]


def test_without_momentum_there_is_no_state():
    optimizer = optiplug.create("signum", learning_rate=0.5, momentum=0.0)
    assert run(optimizer, np.array([8.0]), np.array([-1.0])) == [0.0]
    assert not any(name.startswith("momentum") for name in optimizer.state.states)


def test_decay_is_beside_the_sign():
    variable = tf.Variable(2.0)
    optimizer = optiplug.create("signum", learning_rate=0.5, weight_decay=0.5)
    optimizer.apply_gradients([(tf.constant(3.0), variable)])
    assert float(variable) == 2.0 * 0.75 - 0.5


@pytest.mark.parametrize("wrong", [{"momentum": 1.0}, {"learning_rate": -1.0}])
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("signum", **wrong)
