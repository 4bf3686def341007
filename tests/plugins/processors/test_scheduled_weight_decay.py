"""Decay by the size of the gradients: the same size as Adam knows, and never more than all."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug
from optiplug_processors.scheduled_weight_decay import ScheduledWeightDecay
from support.trajectories import apply, problem, variables_of


def test_its_average_is_the_mean_of_the_second_moments_of_adam():
    initial, gradients = problem(8)
    decay = ScheduledWeightDecay(0.1, beta_2=0.9)
    optimizer = optiplug.create("adam", beta_2=0.9, processors=[decay])
    variables = variables_of(initial, "float64")
    for step, present in enumerate(gradients, start=1):
        apply(optimizer, present, variables)
        moments = [optimizer.second_moment[variable].numpy().ravel() for variable in variables]
        expected = np.mean(np.concatenate(moments)) / (1 - 0.9**step)
        actual = decay.second_moment.numpy() / decay.weight.numpy()
        np.testing.assert_allclose(actual, expected, rtol=1e-13)


def test_added_to_a_training_that_runs_it_starts_without_bias():
    variable = tf.Variable([8.0, 0.0], dtype=tf.float64)
    optimizer = optiplug.create("sgd", learning_rate=0.5)
    gradient = tf.constant([0.0, 2.0], tf.float64)
    for _ in range(3):
        optimizer.apply_gradients([(gradient, variable)])
    optimizer.add_processor(ScheduledWeightDecay(0.5))
    optimizer.apply_gradients([(gradient, variable)])
    np.testing.assert_allclose(variable[0], 8 * (1 - 0.5 * 0.5 / np.sqrt(2)), rtol=1e-12)


def test_gradients_of_next_to_nothing_take_away_no_more_than_all():
    variable = tf.Variable([8.0, -8.0])
    optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[ScheduledWeightDecay(0.5)])
    optimizer.apply_gradients([(tf.constant([0.0, 0.0]), variable)])
    assert variable.numpy().tolist() == [8.0, -8.0]
    optimizer.apply_gradients([(tf.constant([1e-12, 0.0]), variable)])
    np.testing.assert_allclose(variable.numpy(), [0.0, 0.0], atol=1e-11)
