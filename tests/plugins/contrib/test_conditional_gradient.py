"""Conditional gradient: the points of its balls, what it may not leave, and what moves nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def step(gradient, start=None, **fields):
    """Return the variable after one step; from zero with a rate of 1 that is the point itself."""
    variable = tf.Variable(np.zeros_like(gradient) if start is None else start)
    optimizer = optiplug.create("conditional_gradient", **{"learning_rate": 1.0, **fields})
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return variable.numpy()


def matrix(*singular, rows=5, columns=4, seed=0):
    random = np.random.default_rng(seed)
    u, _ = np.linalg.qr(random.normal(size=(rows, len(singular))))
    v, _ = np.linalg.qr(random.normal(size=(columns, len(singular))))
    return u @ np.diag(singular) @ v.T, u, v


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_nuclear_point_is_the_top_singular_pair(scale):
    gradient, u, v = matrix(3.0, 1.0, 0.5)
    point = step(gradient * scale, norm="nuclear", radius=2.0)
    np.testing.assert_allclose(point, -2.0 * np.outer(u[:, 0], v[:, 0]), atol=1e-13)


@pytest.mark.slow
def test_nuclear_point_of_rows_that_sum_to_zero():
    """As the gradient of a softmax layer, to which a start of ones would be orthogonal."""
    gradient = matrix(3.0, 1.0)[0]
    gradient -= gradient.mean(axis=1, keepdims=True)
    u, _, vh = np.linalg.svd(gradient)
    point = step(gradient, norm="nuclear")
    np.testing.assert_allclose(point, -np.outer(u[:, 0], vh[0]), atol=1e-7)


@pytest.mark.slow
def test_close_singular_values_still_give_a_good_point():
    gradient = matrix(1.0, 0.999, 0.998)[0]
    point = step(gradient, norm="nuclear")
    assert np.linalg.norm(point, "nuc") == pytest.approx(1.0)
    assert -np.sum(gradient * point) > 0.998


@pytest.mark.sampled(2)
@pytest.mark.parametrize("norm", ["frobenius", "nuclear"])
def test_stays_in_the_ball(norm):
    random = np.random.default_rng(1)
    variable = tf.Variable(random.normal(size=(4, 3)) * 0.01)
    optimizer = optiplug.create("conditional_gradient", learning_rate=0.5, radius=0.3, norm=norm)
    for _ in range(20):
        optimizer.apply_gradients([(tf.constant(random.normal(size=(4, 3))), variable)])
        size = np.linalg.norm(variable.numpy(), {"frobenius": "fro", "nuclear": "nuc"}[norm])
        assert size <= 0.3 * (1 + 1e-12)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("norm", ["frobenius", "nuclear"])
def test_a_gradient_of_zero_moves_nothing(norm):
    start = np.full((2, 2), 7.0)
    np.testing.assert_array_equal(step(np.zeros((2, 2)), start, norm=norm), start)


def test_names_of_tensorflow_addons_are_explained():
    with pytest.raises(optiplug.ConfigError, match="radius"):
        optiplug.create("conditional_gradient", lambda_=0.1)
