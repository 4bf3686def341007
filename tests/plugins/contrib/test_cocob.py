"""COCOB: its first bets are small, it needs no learning rate, and it keeps what decay did."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.trajectories import follow


@pytest.mark.sampled(3)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_finds_a_minimum_from_any_scale_without_a_rate(scale):
    variable = tf.Variable([0.0, 0.0], dtype="float64")
    optimizer = optiplug.create("cocob")
    for _ in range(400):
        optimizer.apply_gradients([(scale * tf.sign(variable - [3.0, -0.5]), variable)])
    np.testing.assert_allclose(variable.numpy(), [3.0, -0.5], atol=0.5)


def test_the_first_bet_is_one_in_alpha():
    (first,) = follow(
        optiplug.create("cocob", alpha=50.0), [np.array([0.0, 0.0])], [[[4.0, -9.0]]], "float64"
    )[0]
    np.testing.assert_allclose(first, [-0.02, 0.02])


def test_decay_is_not_undone_by_the_next_bet():
    random = np.random.default_rng(2)
    gradients = [[random.normal(size=3)] for _ in range(6)]
    plain, decayed = (
        follow(
            optiplug.create("cocob", weight_decay=decay), [np.array([5.0, -5.0, 1.0])], gradients, "float64"
        )
        for decay in (None, 0.1)
    )
    moves = np.diff([[5.0, -5.0, 1.0], *(step[0] for step in plain)], axis=0)
    expected = np.array([5.0, -5.0, 1.0])
    for move, (actual,) in zip(moves, decayed, strict=True):
        expected = expected * 0.9 + move
        np.testing.assert_allclose(actual, expected, rtol=1e-12)
