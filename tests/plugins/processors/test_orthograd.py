"""The right angle, the norm, and the gradients that have none."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import create
from optiplug_processors.orthograd import OrthoGrad


def turned(gradient, value, dtype="float64"):
    """Return what arrives at the optimizer."""
    variable = tf.Variable(tf.constant(value, dtype))
    optimizer = create("sgd", learning_rate=1.0, processors=[OrthoGrad()])
    optimizer.apply_gradients([(tf.constant(gradient, dtype), variable)])
    return tf.constant(value, dtype).numpy() - variable.numpy()


@pytest.mark.sampled(9)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-14), ("float32", 1e-6), ("complex128", 1e-14)]
)
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_it_stands_at_a_right_angle_and_keeps_its_norm(dtype, tolerance, size):
    random = np.random.default_rng(2)
    w, g = random.normal(size=(2, 300, 4)) * [[[1.0]], [[size]]]
    if dtype.startswith("complex"):
        w, g = w + 1j * random.normal(size=w.shape), g + 1j * size * random.normal(size=w.shape)
    g += size * w  # a good part of it along the variable
    result = turned(g, w * min(size, 1.0), dtype)
    cosine = np.real(np.vdot(w, result)) / np.linalg.norm(w) / np.linalg.norm(result)
    # The result is the difference of two values of the variable, which costs digits.
    loss = max(1.0, min(size, 1.0) * np.linalg.norm(w) / np.linalg.norm(g))
    assert abs(cosine) <= 10 * tolerance * loss
    np.testing.assert_allclose(np.linalg.norm(result), np.linalg.norm(g), rtol=10 * tolerance * loss)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_of_a_gradient_along_the_variable_nothing_is_left(dtype):
    value = np.random.default_rng(3).normal(size=50).astype(dtype)
    assert not np.any(turned(value * np.float32(1.7), value, dtype))


def test_a_variable_of_zero_or_of_one_element_has_no_direction():
    np.testing.assert_allclose(turned([3.0, 4.0], [0.0, 0.0]), [3.0, 4.0], rtol=1e-15)
    np.testing.assert_allclose(turned([[3.0]], [[2.0]]), [[3.0]], rtol=1e-15)
    assert turned(3.0, 2.0) == 3.0


@pytest.mark.parametrize("size", [np.nan, np.inf])
def test_what_is_not_finite_is_not_hidden(size):
    assert np.isnan(turned([size, 1.0], [1.0, 1.0], "float32")).all()
