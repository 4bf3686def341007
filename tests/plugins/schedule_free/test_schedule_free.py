"""Schedule-free optimizers: which weights are evaluated, how decay enters, what finalizing does."""

from __future__ import annotations

import jax
import numpy as np
import optax
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from references.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from references.training import train
from support.trajectories import apply, assert_same, follow, problem, variables_of

ORACLES = {"schedule_free_adamw": ScheduleFreeAdamW, "schedule_free_sgd": ScheduleFreeSGD}
FIELDS = {"learning_rate": 0.02, "warmup_steps": 3, "beta_1": 0.7, "weight_decay": 0.1}


def evaluated(optimizer, variables):
    with optimizer.averaged_weights():
        return [np.asarray(variable.numpy(), np.float64) for variable in variables]


@pytest.mark.parametrize("name", ORACLES)
def test_evaluates_at_optax_weights(name):
    initial, gradients = problem(10)
    peer = getattr(optax.contrib, name)(learning_rate=0.02)
    optimizer, variables = optiplug.create(name, learning_rate=0.02), variables_of(initial, "float32")
    parameters = [jax.numpy.asarray(value, "float32") for value in initial]
    state, ours, theirs = peer.init(parameters), [], []
    update = jax.jit(peer.update)
    for present in gradients:
        apply(optimizer, present, variables)
        ours.append(evaluated(optimizer, variables))
        given = [jax.numpy.asarray(each, "float32") for each in present]
        updates, state = update(given, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        theirs.append([np.asarray(x) for x in optax.contrib.schedule_free_eval_params(state, parameters)])
    assert_same(ours, theirs, 1e-6)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("joined", [True, False])
def test_evaluates_at_the_average_and_gives_the_variables_back(name, joined):
    initial, gradients = problem(6)
    oracle = ORACLES[name](**FIELDS)
    trained = train(oracle, [], initial, gradients)
    optimizer = optiplug.create(name, pack_small_variables=joined, **FIELDS)
    variables = variables_of(initial, "float64")
    for present in gradients:
        apply(optimizer, present, variables)
    before = [variable.numpy() for variable in variables]
    state = {path: each.numpy() for path, each in optimizer.state.states.items()}
    assert_same([evaluated(optimizer, variables)], [list(oracle.x.values())], 1e-12)
    assert_same([before], trained[-1:], 1e-12)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    for path, value in state.items():
        np.testing.assert_array_equal(optimizer.state.states[path].numpy(), value)


def test_finalizing_leaves_the_average_in_given_variables():
    initial, gradients = problem(6)
    optimizer, variables = optiplug.create("schedule_free_sgd", **FIELDS), variables_of(initial, "float64")
    oracle = ScheduleFreeSGD(**FIELDS)
    trained = train(oracle, [], initial, gradients)
    for present in gradients:
        apply(optimizer, present, variables)
    optimizer.finalize_variable_values(variables[1:2])
    np.testing.assert_allclose(variables[1].numpy(), oracle.x[1], rtol=1e-12)
    np.testing.assert_allclose(variables[2].numpy(), trained[-1][2], rtol=1e-12)
    assert np.abs(oracle.x[2] - trained[-1][2]).max() > 1e-3
    final = variables[1].numpy()
    optimizer.finalize_variable_values(variables)
    np.testing.assert_array_equal(variables[1].numpy(), final)
    np.testing.assert_array_equal(optimizer.z[variables[1]].numpy(), final)


def test_an_average_that_a_processor_keeps_stands():
    initial, gradients = problem(4)
    fields = {"use_ema": True, "ema_momentum": 0.5, **FIELDS}
    optimizer, variables = optiplug.create("schedule_free_sgd", **fields), variables_of(initial, "float64")
    for present in gradients:
        apply(optimizer, present, variables)
    averages = [optimizer.processors[-1].average[variable].numpy() for variable in variables]
    for average, value in zip(averages, evaluated(optimizer, variables), strict=True):
        np.testing.assert_array_equal(average, value)


@pytest.mark.slow
def test_any_processor_that_decays_is_treated_alike():
    initial, gradients = problem(8)
    without = {**FIELDS, "weight_decay": None}
    processors = [{"use": "weight_decay", "rate": 0.1, "skip": ["w2"]}]
    listed = optiplug.create("schedule_free_adamw", processors=processors, **without)
    keyword = optiplug.create("schedule_free_adamw", exclude_from_weight_decay=["w2"], **FIELDS)
    theirs = follow(keyword, initial, gradients, "float32")
    assert_same(follow(listed, initial, gradients, "float32"), theirs, 0.0)
    plain = follow(optiplug.create("schedule_free_adamw", **without), initial, gradients, "float32")
    np.testing.assert_array_equal(plain[-1][2], theirs[-1][2])
    assert np.abs(plain[-1][1] - theirs[-1][1]).max() > 1e-4


class Freeze:
    @hookimpl
    def rate(self, rates, step):
        return [
            rate * 0 if each.path == "w1" else rate for rate, each in zip(rates, step.variables, strict=True)
        ]


def test_a_variable_with_a_learning_rate_of_its_own():
    initial, gradients = problem(6)
    optimizer = optiplug.create("schedule_free_sgd", processors=[Freeze()], **FIELDS)
    ours = follow(optimizer, initial, gradients, "float64")
    theirs = train(ScheduleFreeSGD(**FIELDS), [], initial, gradients)
    np.testing.assert_array_equal(ours[-1][1], initial[1])
    np.testing.assert_allclose(ours[-1][2], theirs[-1][2], rtol=1e-12)


def test_a_learning_rate_of_zero_moves_nothing():
    initial, gradients = problem(2)
    ours = follow(optiplug.create("schedule_free_adamw", learning_rate=0.0), initial, gradients, "float32")
    assert_same(ours, [initial, initial], 0.0)


@pytest.mark.parametrize("use", ORACLES)
def test_variables_are_not_drawn_to_a_rounded_sequence(use):
    (variable,) = variables_of([np.asarray([1.0 + 2.0**-20])], "float32")
    optimizer = optiplug.create(use, state_dtype="bfloat16")
    optimizer.apply_gradients([(tf.constant([0.0]), variable)])
    assert variable.numpy() == optimizer.z[variable].numpy() == np.float32(1.0 + 2.0**-20)
    others = [state.variable for name, state in optimizer.state.states.items() if name.startswith("second")]
    assert {each.dtype for each in others} == ({tf.bfloat16} if others else set())


def test_the_program_copies_nothing_with_decay_either():
    variables = [tf.Variable(tf.ones([64, 33]), name="kernel")]
    for name in ORACLES:
        optimizer = optiplug.create(name, **FIELDS)
        optimizer.build(variables)
        assert "f32[64,33]{1,0} copy(" not in optimizer.compiled_program()


@pytest.mark.parametrize(
    "fields", [{"beta_1": 0.0}, {"beta_1": 1.5}, {"beta_1": {"use": "constant", "value": 0.5}}]
)
def test_beta_1_is_a_number_above_zero(fields):
    with pytest.raises(optiplug.ConfigError, match="beta_1"):
        optiplug.create("schedule_free_sgd", **fields)
