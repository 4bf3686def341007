"""What clips do at the edges of arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

NORMS = ["clip_by_norm", "clip_by_global_norm"]


def clipped(gradients: list[tf.Tensor], **processor) -> list[np.ndarray]:
    """Return the gradients as they reach the optimizer: one step of size 1 from 0."""
    variables = [tf.Variable(tf.zeros_like(gradient)) for gradient in gradients]
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[processor])
    optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
    return [-variable.numpy() for variable in variables]


@pytest.mark.parametrize("name", NORMS)
def test_gradients_of_zero_stay_zero(name):
    (result,) = clipped([tf.zeros([3])], use=name, max_norm=1.0)
    np.testing.assert_array_equal(result, np.zeros(3))


@pytest.mark.parametrize("name", NORMS)
def test_gradients_within_the_bound_pass_bit_for_bit(name):
    given = tf.constant([0.1, -0.7, 1e-30])
    (result,) = clipped([given], use=name, max_norm=1.0)
    np.testing.assert_array_equal(result, given.numpy())


@pytest.mark.parametrize("name", NORMS)
def test_the_norm_of_half_precision_does_not_overflow(name):
    (result,) = clipped([tf.constant([30000.0, 40000.0], tf.float16)], use=name, max_norm=5.0)
    np.testing.assert_array_equal(result, np.asarray([3.0, 4.0], np.float16))


@pytest.mark.parametrize("name", NORMS)
def test_complex_gradients_are_measured_by_modulus(name):
    (result,) = clipped([tf.constant([3.0 + 4.0j], tf.complex64)], use=name, max_norm=1.0)
    np.testing.assert_allclose(result, [0.6 + 0.8j], rtol=1e-6)


def test_a_global_norm_spans_dtypes():
    gradients = [tf.constant(6.0), tf.constant([8.0], tf.float64), tf.constant(0.0, tf.bfloat16)]
    single, double, half = clipped(gradients, use="clip_by_global_norm", max_norm=1.0)
    np.testing.assert_allclose(single, 0.6, rtol=1e-6)
    np.testing.assert_allclose(double, [0.8], rtol=1e-15)
    assert half == 0


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_a_global_norm_not_finite_makes_every_gradient_nan(bad):
    results = clipped([tf.constant([bad, bad]), tf.constant(1.0)], use="clip_by_global_norm", max_norm=1.0)
    assert all(np.isnan(result).all() for result in results)


def test_the_norm_is_that_of_the_summed_rows():
    variable = tf.Variable(tf.zeros([3, 2]))
    rows = tf.IndexedSlices(tf.constant([[3.0, 0.0], [0.0, 4.0]]), tf.constant([1, 1]), tf.constant([3, 2]))
    opposite = tf.IndexedSlices(
        tf.constant([[9.0, 9.0], [-6.0, -5.0]]), tf.constant([1, 1]), tf.constant([3, 2])
    )
    for gradient in (rows, opposite):  # both are [3, 4] in row 1
        variable.assign(tf.zeros([3, 2]))
        optimizer = optiplug.create("sgd", learning_rate=1.0, global_clipnorm=1.0)
        optimizer.apply_gradients([(gradient, variable)])
        np.testing.assert_allclose(variable.numpy(), [[0, 0], [-0.6, -0.8], [0, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "field"), [*((name, "max_norm") for name in NORMS), ("clip_by_value", "max_value")]
)
@pytest.mark.parametrize("bound", [0, -1.0, True, float("nan"), None, "1"])
def test_a_bound_must_be_a_number_above_zero(name, field, bound):
    with pytest.raises(optiplug.ConfigError, match=field):
        optiplug.create("sgd", processors=[{"use": name, field: bound}])


@pytest.mark.parametrize("name", ["clip_by_norm", "clip_by_global_norm", "agc", "update_clip"])
def test_a_bound_of_zero_stops_gradients_of_zero_too(name):
    field = {"agc": "clip_factor", "update_clip": "threshold"}.get(name, "max_norm")
    gradients = [tf.zeros([2, 2]), tf.zeros([2])]
    for result in clipped(gradients, use=name, **{field: {"use": "constant", "value": 0.0}}):
        assert not np.any(result)
