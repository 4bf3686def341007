"""Prodigy: it finds the size of its steps, and weight decay follows it."""

from __future__ import annotations

import numpy as np
import pytest

import optiplug
from references.prodigy import Prodigy
from references.training import train
from support.trajectories import apply, variables_of

START = [np.asarray([3.0, -4.0, 0.5]), np.asarray(2.0)]


def test_finds_how_far_the_minimum_is():
    optimizer, variables = optiplug.create("prodigy"), variables_of(START, "float64")
    gradients = []
    for _ in range(120):  # down the sum of absolute values
        gradients.append([np.sign(variable.numpy()) for variable in variables])
        apply(optimizer, gradients[-1], variables)
    assert 0.1 < optimizer.distance.numpy() < 8.0
    oracle = Prodigy()
    trajectory = train(oracle, [], START, gradients)
    for variable, expected in zip(variables, trajectory[-1], strict=True):
        # The first steps are of 1e-6, and the difference to the start loses as many digits.
        np.testing.assert_allclose(variable.numpy(), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(optimizer.distance.numpy(), oracle.d, rtol=1e-6)


def test_weight_decay_follows_the_size_of_the_steps():
    fields = {"d0": 0.01, "learning_rate": 0.5, "bias_correction": False}
    fields |= {"weight_decay": 0.5, "exclude_from_weight_decay": ["w1"]}
    optimizer, variables = optiplug.create("prodigy", **fields), variables_of(START, "float64")
    apply(optimizer, [np.zeros(3), np.zeros(())], variables)
    np.testing.assert_allclose(variables[0].numpy(), START[0] * (1 - 0.5 * 0.5 * 0.01), rtol=1e-12)
    assert variables[1].numpy() == START[1]


def test_a_glob_that_matches_nothing_is_refused():
    fields = {"weight_decay": 0.5, "exclude_from_weight_decay": ["bias"]}
    optimizer = optiplug.create("prodigy", **fields)
    with pytest.raises(optiplug.ConfigError, match="exclude_from_weight_decay"):
        optimizer.build(variables_of(START, "float32"))


def test_gradients_of_zero_leave_the_estimate_alone():
    optimizer, variables = optiplug.create("prodigy", d0=0.01), variables_of(START, "float32")
    apply(optimizer, [np.zeros(3), np.zeros(())], variables)
    np.testing.assert_allclose(optimizer.distance.numpy(), 0.01, rtol=1e-6)
