"""What is in the average, and when it counts."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_contrib.swa import SWA
from references import swa as reference
from references.sgd import SGD
from references.training import train
from support.trajectories import follow, problem


def descent(*processors):
    return optiplug.create("sgd", learning_rate=0.02, momentum=0.9, processors=list(processors))


@pytest.mark.parametrize("fields", [{}, {"start_averaging": 7, "average_period": 3}], ids=str)
def test_averages_every_sample_alike(fields):
    initial, gradients = problem()
    swa, oracle = SWA(**fields), reference.SWA(**fields)
    follow(descent(swa), initial, gradients, "float64")
    train(SGD(0.02, 0.9), [oracle], initial, gradients)
    assert swa.count.numpy() == len(oracle.samples) > 1
    for key, average in enumerate(swa.average):
        np.testing.assert_allclose(average.numpy(), oracle.average(key), rtol=1e-12, atol=1e-12)


def test_evaluates_with_the_average_once_there_is_one():
    variable = tf.Variable(4.0)
    optimizer = optiplug.create(
        "sgd", learning_rate=1.0, processors=[{"use": "swa", "start_averaging": 2, "average_period": 2}]
    )
    told = []
    for _ in range(5):
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
        with optimizer.averaged_weights():
            told.append(float(variable))
    assert told == [3.0, 2.0, 2.0, 1.0, 1.0]
    assert float(variable) == -1.0
    optimizer.finalize_variable_values([variable])
    assert float(variable) == 1.0


def test_the_first_sample_replaces_what_was_before_it_exactly():
    swa, variable = SWA(average_period=1), tf.Variable(3e8)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swa])
    optimizer.build([variable])
    variable.assign(0.1)
    optimizer.apply_gradients([(tf.constant(0.0), variable)])
    assert swa.average[variable].numpy() == variable.numpy()


def test_variables_without_a_gradient_are_averaged_too():
    swa = SWA(average_period=1)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swa])
    trained, still = tf.Variable(0.0, name="trained"), tf.Variable(2.0, name="still")
    optimizer.build([trained, still])
    for value in (2.0, 4.0):
        still.assign(value)  # by anything but the optimizer
        optimizer.apply_gradients([(tf.constant(1.0), trained)])
    assert swa.average[still].numpy() == 3.0
    assert swa.average[trained].numpy() == -1.5
