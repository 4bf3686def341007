"""Gates side by side with the wrappers of optax: which calls become steps, and with which gradients."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tensorflow as tf

import optiplug

NAN = float("nan")
GRADIENTS = [float(2**power) for power in range(12)]


def walk(gradients, processors, **config):
    """Return the value of a variable after each call."""
    variable = tf.Variable(0.0)
    optimizer = optiplug.create("sgd", processors=processors, jit_compile=False, **config)
    seen = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        seen.append(float(variable))
    return seen, optimizer


def walk_optax(gradients, transformation):
    value = jnp.asarray(0.0)
    state, seen = transformation.init(value), []
    for gradient in gradients:
        updates, state = transformation.update(jnp.asarray(gradient), state, value)
        value = optax.apply_updates(value, updates)
        seen.append(float(value))
    return seen


PERIODS = {
    "stairs": {"use": "piecewise_constant", "boundaries": [0, 1], "values": [1.0, 2.0, 3.0]},
    "line": {"use": "linear", "initial_learning_rate": 3, "transition_steps": 2, "end_learning_rate": 1},
    "below one": {"use": "constant", "value": 0.25},
}


@pytest.mark.slow
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_schedule_of_steps_equals_multi_steps(period, momentum):
    ours = optiplug.Schedule.from_config(PERIODS[period])
    every = lambda step: jnp.asarray(max(round(float(ours(int(step)))), 1))  # noqa: E731
    peer = optax.MultiSteps(optax.sgd(0.5, momentum or None), every).gradient_transformation()
    accumulate = {"use": "accumulate", "steps": PERIODS[period]}
    seen, _ = walk(GRADIENTS, [accumulate], learning_rate=0.5, momentum=momentum)
    np.testing.assert_allclose(seen, walk_optax(GRADIENTS, peer), rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_schedule_of_steps_counts_steps(jit_compile):
    schedule = {"use": "piecewise_constant", "boundaries": [0], "values": [1.0, 3.0]}
    variable = tf.Variable([0.0, 0.0])
    processors = [{"use": "accumulate", "steps": schedule, "reduction": "sum"}]
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=processors, jit_compile=jit_compile)
    steps = []
    for _ in range(7):
        optimizer.apply_gradients([(tf.constant([1.0, -1.0]), variable)])
        steps.append(int(optimizer.iterations))
    assert steps == [1, 1, 1, 2, 2, 2, 3]
    assert variable.numpy().tolist() == [-7.0, 7.0]
    assert optimizer.trace_count == 1


def test_a_variable_of_steps_is_followed():
    steps, variable = tf.Variable(3.0), tf.Variable(0.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[{"use": "accumulate", "steps": steps}])
    for now, expected in ((3.0, 0.0), (3.0, 0.0), (1.0, -3.0), (1.0, -4.0)):
        steps.assign(now)
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
        assert float(variable) == expected


@pytest.mark.parametrize("steps", [0, 2.5, -1, "two"])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    with pytest.raises(optiplug.ConfigError, match="steps: must be"):
        optiplug.create("sgd", processors=[{"use": "accumulate", "steps": steps}])


BROKEN = [1.0, NAN, NAN, 2.0, NAN, 4.0, NAN, NAN, NAN, 8.0]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_an_end_to_skips_equals_apply_if_finite(most):
    seen, _ = walk(BROKEN, [{"use": "skip_non_finite", "max_consecutive": most}], learning_rate=0.5)
    peer = optax.apply_if_finite(optax.sgd(0.5), most)
    np.testing.assert_array_equal(seen, walk_optax(BROKEN, peer))


@pytest.mark.parametrize("jit_compile", [True, False])
def test_an_end_to_skips_is_counted_and_saved(jit_compile):
    config = {"use": "skip_non_finite", "max_consecutive": 2, "name": "skip"}
    variable = tf.Variable(0.0)
    optimizer = optiplug.create("sgd", processors=[config], jit_compile=jit_compile)
    counts = []
    for gradient in [NAN, 1.0, NAN, NAN]:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        states = optimizer.state.states
        counts.append((int(states["skip/skipped"].value), int(states["skip/consecutive"].value)))
    assert counts == [(1, 1), (1, 0), (2, 1), (3, 2)]
    assert np.isfinite(float(variable))
    saved = {}
    optimizer.save_own_variables(saved)
    again = optiplug.create("sgd", processors=[config], jit_compile=jit_compile)
    again.build([variable])
    again.load_own_variables(saved)
    again.apply_gradients([(tf.constant(NAN), variable)])
    assert np.isnan(float(variable))
    assert int(again.iterations) == 2
    assert int(again.state.states["skip/consecutive"].value) == 3


def test_without_an_end_there_is_no_more_state():
    seen, optimizer = walk([NAN] * 5, ["skip_non_finite"], learning_rate=0.5)
    assert seen == [0.0] * 5
    assert "skip_non_finite/consecutive" not in optimizer.state.states
