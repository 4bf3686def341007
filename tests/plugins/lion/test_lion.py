"""Lion: the form of its direction, its decay, and Keras' state."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.lion import Lion
from references.processors import WeightDecay
from references.training import train
from support.keras_continuation import KINDS, assert_continues
from support.trajectories import assert_same, follow, problem, variables_of


@pytest.mark.parametrize(
    ("betas", "copies"),
    [
        ({}, False),
        ({"beta_1": 0.0}, False),
        ({"beta_1": 0.5, "beta_2": 0.5}, False),
        ({"beta_2": 0.5}, True),
        ({"beta_1": {"use": "constant", "value": 0.5}}, True),
    ],
)
def test_the_momentum_is_copied_only_where_it_is_needed(betas, copies):
    (variable,) = variables_of([np.ones((64, 33))], "float32")
    optimizer = optiplug.create("lion", pack_small_variables=False, **betas)
    optimizer.build([variable])
    assert bool(re.findall(r"f32\[64,33\]\S* copy\(", optimizer.compiled_program())) == copies


@pytest.mark.parametrize("beta_1", [0.0, 0.3, 0.9, 0.99, 0.999999])
@pytest.mark.parametrize("beta_2", [0.0, 1e-6, 0.5, 0.9, 0.99, 0.999999])
def test_the_first_step_follows_the_gradient_whatever_the_betas(beta_1, beta_2):
    gradient = np.random.default_rng(0).normal(size=50) * 10.0 ** np.linspace(-15, 15, 50)
    (variable,) = variables_of([np.zeros(50)], "float32")
    optimizer = optiplug.create("lion", learning_rate=1.0, beta_1=beta_1, beta_2=beta_2, jit_compile=False)
    optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
    np.testing.assert_array_equal(variable.numpy(), -np.sign(gradient))


def test_decay_is_decoupled_and_off_by_default():
    assert optiplug.create("lion").config.weight_decay is None
    initial, gradients = problem()
    fields = {"learning_rate": 0.01}
    ours = follow(optiplug.create("lion", weight_decay=0.5, **fields), initial, gradients, "float64")
    assert_same(ours, train(Lion(**fields), [WeightDecay(0.5)], initial, gradients), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_continues_an_optimizer_of_keras(kind):
    assert_continues(kind, "lion", "Lion", {"learning_rate": 0.1})


@pytest.mark.parametrize("wrong", [{"beta_1": 1.0}, {"beta_2": -0.1}, {"learning_rate": -1.0}])
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("lion", **wrong)
