"""NovoGrad: one norm for each variable, which the first gradient that is not zero seeds."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug


def apply(optimizer, variable, *gradients):
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient, variable.dtype), variable)])
    return variable.numpy()


def test_the_first_gradient_that_is_not_zero_seeds_the_norm():
    variable = tf.Variable([0.0, 0.0], dtype="float64")
    optimizer = optiplug.create("novograd")
    apply(optimizer, variable, [0.0, 0.0], [30.0, 40.0])
    assert optimizer.norm[variable].numpy() == 50.0
    apply(optimizer, variable, [0.0, 0.0])
    np.testing.assert_allclose(optimizer.norm[variable].numpy() ** 2, 0.98 * 2500.0)


def test_steps_do_not_depend_on_the_size_of_gradients():
    ends = []
    for scale in (1.0, 1e-6, 1e6):
        variable = tf.Variable([1.0, -1.0], dtype="float64")
        gradients = [[3.0 * scale, 4.0 * scale], [-1.0 * scale, 2.0 * scale]]
        ends.append(apply(optiplug.create("novograd", epsilon=1e-30), variable, *gradients))
    np.testing.assert_allclose(ends[1:], [ends[0]] * 2, rtol=1e-12)


def test_a_squared_norm_beyond_half_precision():
    variable = tf.Variable(tf.zeros([64, 64], "float16"))
    optimizer = optiplug.create("novograd", learning_rate=1.0)
    apply(optimizer, variable, np.full((64, 64), 100.0), np.full((64, 64), 100.0))
    norm = optimizer.norm[variable]
    assert (norm.dtype, tuple(norm.shape), float(norm.numpy())) == (tf.float32, (), 6400.0)
    np.testing.assert_allclose(variable.numpy(), -(1 + 1.95) / 64, rtol=1e-3)
