"""The average: of which variables, from when, and how it is read."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.ema import EMA


def test_every_built_variable_is_averaged():
    average = EMA(momentum=0.5)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[average])
    trained, still = tf.Variable(1.0, name="trained"), tf.Variable(1.0, name="still")
    optimizer.build([trained, still])
    still.assign(3.0)  # by anything but the optimizer
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant(1.0), trained)])
    assert average.average[still].numpy() == 2.5
    optimizer.finalize_variable_values([trained, still])
    assert (trained.numpy(), still.numpy()) == (average.average[trained].numpy(), 2.5)


def test_a_variable_that_comes_late_starts_from_its_own_value():
    average = EMA(momentum=0.5)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[average])
    early, late = tf.Variable(1.0, name="early"), tf.Variable(8.0, name="late")
    optimizer.apply_gradients([(tf.constant(1.0), early)])
    optimizer.apply_gradients([(tf.constant(1.0), early), (tf.constant(2.0), late)])
    assert average.average[early].numpy() == -0.25
    assert average.average[late].numpy() == 7.0


def test_a_momentum_of_one_keeps_the_initial_value():
    average, variable = EMA(momentum=1.0), tf.Variable([0.1, 0.7])
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[average])
    for _ in range(5):
        optimizer.apply_gradients([(tf.constant([0.3, 1.7]), variable)])
    np.testing.assert_array_equal(average.average[variable].numpy(), np.asarray([0.1, 0.7], np.float32))


def test_two_averages_side_by_side():
    fast, slow = EMA(momentum=0.5, name="fast"), EMA(momentum=0.75, name="slow")
    variable = tf.Variable(0.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[fast, slow])
    optimizer.apply_gradients([(tf.constant(-4.0), variable)])
    assert (fast.average[variable].numpy(), slow.average[variable].numpy()) == (2.0, 1.0)


@pytest.mark.parametrize("wrong", [{"momentum": 1.01}, {"momentum": -0.1}, {"overwrite_frequency": 0}])
def test_what_is_out_of_range_is_refused(wrong):
    (field,) = wrong
    with pytest.raises(optiplug.ConfigError, match=field):
        optiplug.create("sgd", processors=[{"use": "ema", **wrong}])
