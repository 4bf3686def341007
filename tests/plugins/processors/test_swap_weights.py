"""Averages that are exchanged with their variables: their numbers, and the way there and back."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.swap_weights import SwapWeights
from references.sgd import SGD
from references.swap_weights import SwapWeights as Oracle
from references.training import train
from support.trajectories import apply, problem, variables_of

FORMS = [
    {},
    {"momentum": 0.5, "start_step": 3},
    {"momentum": 0.99, "dynamic_decay": True},
    {"momentum": 0.3, "dynamic_decay": True, "start_step": 12},
    {"start_step": 100},
]


def trained(swap, dtype="float64", calls=50, **fields):
    initial, gradients = problem(calls)
    variables = variables_of(initial, dtype)
    optimizer = optiplug.create("sgd", learning_rate=0.02, momentum=0.9, processors=[swap], **fields)
    for present in gradients:
        apply(optimizer, present, variables)
    return optimizer, variables


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_averages_equal_the_oracle(form):
    swap, oracle = SwapWeights(**form), Oracle(**form)
    _, variables = trained(swap)
    train(SGD(0.02, 0.9), [oracle], *problem())
    for key, variable in enumerate(variables):
        np.testing.assert_allclose(
            swap.average[variable].numpy(), oracle.average[key], rtol=1e-12, atol=1e-12
        )
    assert bool(oracle.average[1][0] == variables[1].numpy()[0]) is (form.get("start_step") == 100)


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_exchanged_twice_everything_is_as_before(dtype, pack):
    """To the last bit, but for an average beside half precision, which is rounded as the variable is."""
    swap = SwapWeights(momentum=0.9)
    optimizer, variables = trained(swap, dtype, 10, pack_small_variables=pack)
    before = [
        (variable.numpy(), tf.cast(swap.average[variable].value, variable.dtype).numpy())
        for variable in variables
    ]
    optimizer.finalize_variable_values(variables)
    for variable, (value, average) in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), average)
        np.testing.assert_array_equal(swap.average[variable].numpy(), np.asarray(value, np.float32))
    optimizer.finalize_variable_values(variables)
    after = [(variable.numpy(), swap.average[variable].numpy()) for variable in variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[0], new[0])
        np.testing.assert_array_equal(old[1], new[1])


def test_a_block_with_averaged_weights_leaves_no_trace():
    swap = SwapWeights(momentum=0.9)
    optimizer, variables = trained(swap, calls=10)
    before = [(variable.numpy(), swap.average[variable].numpy()) for variable in variables]
    with optimizer.averaged_weights():
        for variable, (_, average) in zip(variables, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), average)
    for variable, (value, average) in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
        np.testing.assert_array_equal(swap.average[variable].numpy(), average)


def test_the_average_follows_to_the_last_bit_until_it_starts():
    swap = SwapWeights(start_step=10)
    _, variables = trained(swap, "float32", 10)
    for variable in variables:
        np.testing.assert_array_equal(swap.average[variable].numpy(), variable.numpy())


def test_the_momentum_may_be_scheduled():
    swap, variable = SwapWeights(momentum=lambda step: tf.where(step == 0, 0.0, 0.5)), tf.Variable(2.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swap])
    for expected in (1.0, 0.5):
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
        assert float(swap.average[variable].numpy()) == expected


@pytest.mark.parametrize("wrong", [{"momentum": 1.01}, {"momentum": -0.1}, {"start_step": -1}])
def test_what_is_out_of_range_is_refused(wrong):
    (field,) = wrong
    with pytest.raises(optiplug.ConfigError, match=field):
        SwapWeights(**wrong)


@pytest.mark.parametrize("step", [2**24 + 1, 2**31 + 5, 10**9])
def test_a_growing_momentum_moves_the_average_forever(step):
    swap, variable = SwapWeights(momentum=1.0, dynamic_decay=True), tf.Variable(0.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swap])
    optimizer.iterations = tf.Variable(step, dtype=tf.int64)
    optimizer.apply_gradients([(tf.constant(-1.0), variable)])
    np.testing.assert_allclose(swap.average[variable].numpy(), 9 / (10 + step), rtol=1e-6)
