"""When Lookahead returns to its slow weights, and for which variables."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug
from optiplug_contrib.lookahead import Lookahead
from support.trajectories import assert_same, follow, problem


def test_equals_optax():
    import jax
    import optax

    initial, gradients = problem()
    own = optiplug.create(
        "sgd", learning_rate=0.02, momentum=0.9, processors=[Lookahead(sync_period=4, slow_step_size=0.7)]
    )
    slow = []
    ours = follow(own, initial, gradients, "float32", lambda: slow.append(_slow(own)))
    # Its momentum has the rate outside: as long as the rate is constant that is the same.
    their = optax.lookahead(optax.sgd(0.02, momentum=0.9), sync_period=4, slow_step_size=0.7)
    start = [jax.numpy.asarray(value, "float32") for value in initial]
    parameters = optax.LookaheadParams.init_synced(start)
    state, fast_of_theirs, slow_of_theirs = their.init(parameters), [], []
    for present in gradients:
        given = [jax.numpy.asarray(each, "float32") for each in present]
        updates, state = their.update(given, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        fast_of_theirs.append([np.asarray(each, np.float64) for each in parameters.fast])
        slow_of_theirs.append([np.asarray(each, np.float64) for each in parameters.slow])
    assert_same(ours, fast_of_theirs, 1e-6)
    assert_same(slow, slow_of_theirs, 1e-6)


def _slow(optimizer):
    (lookahead,) = optimizer.processors
    return [np.asarray(each.numpy(), np.float64) for each in lookahead.slow]


def test_a_variable_without_a_gradient_in_that_step_returns_too():
    one, other = tf.Variable(0.0, name="one"), tf.Variable(0.0, name="other")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Lookahead(sync_period=2)])
    optimizer.apply_gradients([(tf.constant(-4.0), one), (tf.constant(-4.0), other)])
    optimizer.apply_gradients([(tf.constant(-4.0), one)])
    assert (float(one), float(other)) == (4.0, 2.0)


def test_calls_that_only_accumulate_do_not_count():
    variable = tf.Variable(0.0)
    accumulate = {"use": "accumulate", "steps": 2}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[accumulate, Lookahead(sync_period=2)])
    told = []
    for _ in range(4):
        optimizer.apply_gradients([(tf.constant(-4.0), variable)])
        told.append(float(variable))
    assert told == [0.0, 4.0, 4.0, 4.0]


def test_evaluates_with_the_slow_weights():
    variable = tf.Variable(0.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Lookahead(sync_period=2)])
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant(-4.0), variable)])
    assert float(variable) == 8.0
    with optimizer.averaged_weights():
        assert float(variable) == 4.0
    assert float(variable) == 8.0
