"""The copy of the variables: when it is taken, and how to go back to it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.snapshot import Snapshot
from references.sgd import SGD
from references.snapshot import Snapshot as Oracle
from references.training import train
from support.trajectories import apply, problem, variables_of


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("calls", [2, 3, 8, 9])
def test_it_holds_the_variables_of_the_last_round_step(calls, pack):
    initial, gradients = problem(calls)
    kept, oracle, variables = Snapshot(3), Oracle(3), variables_of(initial, "float64")
    optimizer = optiplug.create("sgd", learning_rate=0.02, processors=[kept], pack_small_variables=pack)
    for present in gradients:
        apply(optimizer, present, variables)
    train(SGD(0.02), [oracle], initial, gradients)
    assert int(kept.iteration.numpy()) == oracle.iteration == calls - calls % 3
    for key, variable in enumerate(variables):
        np.testing.assert_allclose(kept.snapshot[variable].numpy(), oracle.snapshot[key], rtol=1e-12)


def test_training_goes_on_from_it():
    kept, variable = Snapshot(2), tf.Variable([1.0, 2.0])
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[kept])
    for gradient in (1.0, 1.0, 1e30):
        optimizer.apply_gradients([(tf.fill([2], gradient), variable)])
    variable.assign(kept.snapshot[variable].value)
    optimizer.apply_gradients([(tf.fill([2], 1.0), variable)])
    assert variable.numpy().tolist() == [-2.0, -1.0]


def test_variables_without_a_gradient_are_copied_too():
    kept, one, other = Snapshot(1), tf.Variable(1.0, name="one"), tf.Variable(1.0, name="other")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[kept])
    optimizer.build([one, other])
    other.assign(5.0)  # by anything but the optimizer
    optimizer.apply_gradients([(tf.constant(1.0), one)])
    assert (kept.snapshot[one].numpy(), kept.snapshot[other].numpy()) == (0.0, 5.0)


def test_a_step_that_a_gate_stopped_takes_no_copy():
    kept, variable = Snapshot(1), tf.Variable(1.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=["skip_non_finite", kept])
    for gradient in (1.0, float("nan")):
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    assert (kept.snapshot[variable].numpy(), kept.iteration.numpy()) == (0.0, 1)


def test_a_period_of_no_steps_is_refused():
    with pytest.raises(optiplug.ConfigError, match="period"):
        Snapshot(0)
