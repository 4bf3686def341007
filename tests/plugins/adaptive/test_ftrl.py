"""FTRL: exact zeros, penalties, and steps that must not divide by zero."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.ftrl import Ftrl
from references.training import train
from support.trajectories import apply, assert_same, follow, problem, variables_of


def test_weak_weights_are_exactly_zero():
    (variable,) = variables_of([np.zeros(3)], "float32")
    optimizer = optiplug.create("ftrl", learning_rate=0.1, l1_regularization_strength=2.0)
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant([0.5, -0.5, 3.0]), variable)])
    np.testing.assert_array_equal(variable.numpy() == 0, [True, True, False])


def test_nothing_is_divided_by_an_empty_sum():
    (variable,) = variables_of([np.asarray([1.0, 1.0])], "float32")
    optimizer = optiplug.create("ftrl", learning_rate=0.5, initial_accumulator_value=0.0)
    optimizer.apply_gradients([(tf.constant([0.0, 2.0]), variable)])
    # linear = 2 - 2 / 0.5, over quadratic = 2 / 0.5
    np.testing.assert_array_equal(variable.numpy(), [0.0, 0.5])


def test_a_rate_of_zero_changes_neither_variables_nor_state():
    initial, gradients = problem(2)
    optimizer = optiplug.create("ftrl", learning_rate=0.1, l2_shrinkage_regularization_strength=0.1)
    variables = variables_of(initial, "float32")
    apply(optimizer, gradients[0], variables)
    slots = [slot[each] for slot in (optimizer.accumulator, optimizer.linear) for each in variables]
    before = [each.numpy() for each in (*variables, *slots)]
    optimizer.learning_rate = 0.0
    apply(optimizer, gradients[1], variables)
    for value, each in zip(before, (*variables, *slots), strict=True):
        np.testing.assert_array_equal(each.numpy(), value)


def test_a_warmup_from_zero_is_survived():
    initial, gradients = problem(10)
    rate = {"use": "warmup", "warmup_steps": 5, "schedule": {"use": "constant", "value": 0.1}}
    ours = follow(optiplug.create("ftrl", learning_rate=rate), initial, gradients, "float64")
    theirs = train(Ftrl(learning_rate=lambda step: 0.1 * min(step, 5) / 5), [], initial, gradients)
    assert_same(ours, theirs, 1e-12)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["l1_regularization_strength", "l2_regularization_strength", "beta"])
def test_penalties_may_be_schedules(name):
    initial, gradients = problem(10)
    fields = {"learning_rate": 0.1, name: 0.5}
    scheduled = {**fields, name: {"use": "constant", "value": 0.5}}
    with_number, with_schedule = (
        follow(optiplug.create("ftrl", **each), initial, gradients, "float64") for each in (fields, scheduled)
    )
    assert_same(with_schedule, with_number, 1e-14)
