"""Gradients of length 1, and those that cannot be made so."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def normalized(scope, *gradients):
    """Return what arrives at the optimizer."""
    variables = [tf.Variable(tf.zeros_like(gradient)) for gradient in gradients]
    normalize = {"use": "normalize_gradients", "scope": scope}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[normalize])
    optimizer.apply_gradients(
        [(tf.constant(each), own) for each, own in zip(gradients, variables, strict=True)]
    )
    return [-variable.numpy() for variable in variables]


def test_zero_stays_zero():
    zero, one = normalized("variable", [0.0, 0.0], [0.0, 5.0])
    assert (zero.tolist(), one.tolist()) == ([0.0, 0.0], [0.0, 1.0])
    assert not np.any(np.concatenate(normalized("global", [0.0, 0.0], [0.0])))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_an_overflow_shows_in_every_element_under_the_norm(broken):
    bad, good = normalized("variable", [broken, 1.0], [3.0, 4.0])
    assert np.isnan(bad).all()
    np.testing.assert_allclose(good, [0.6, 0.8], rtol=1e-6)
    assert np.isnan(np.concatenate(normalized("global", [broken, 1.0], [3.0, 4.0]))).all()
