"""Adamax: the paper's form, and Keras' state."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.keras_continuation import KINDS, assert_continues
from support.trajectories import variables_of


def test_without_epsilon_what_has_no_gradient_stays():
    (variable,) = variables_of([np.asarray([1.0, 1.0])], "float64")
    optimizer = optiplug.create("adamax", learning_rate=0.25, epsilon=0.0)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1e-30, 0.0], tf.float64), variable)])
    np.testing.assert_allclose(variable.numpy(), [0.5, 1.0], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_continues_an_optimizer_of_keras(kind):
    assert_continues(kind, "adamax", "Adamax", {"learning_rate": 0.1})


@pytest.mark.parametrize("wrong", [{"beta_1": 1.0}, {"beta_2": 1.0}, {"epsilon": -1e-7}])
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("adamax", **wrong)
