"""The moving averages that relatives of Adam share, beside NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


class RatioConfig(optiplug.OptimizerConfig):
    """Moments, and what corrects them."""

    beta_1: optiplug.BelowOneScalar = 0.75
    beta_2: optiplug.BelowOneScalar = 0.5


class Ratio(optiplug.Moments):
    """Assigns the corrected quotient of both moments."""

    Config = RatioConfig

    def update_step(self, gradient, variable):
        m, v = self.update_moments(gradient, variable)
        variable.assign(self.adam_correction(variable.dtype) * m / tf.sqrt(v))


RatioConfig.implementation = Ratio


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_moments_and_their_correction_equal_numpy(dtype, jit_compile):
    gradients = np.random.default_rng(1).normal(size=(4, 3)).astype(dtype)
    variable, optimizer = tf.Variable(np.zeros(3, dtype), name="w"), Ratio(jit_compile=jit_compile)
    m = v = np.zeros(3)
    for t, gradient in enumerate(gradients.astype(np.float64), 1):
        optimizer.apply_gradients([(tf.constant(gradient, dtype), variable)])
        m, v = 0.75 * m + 0.25 * gradient, 0.5 * v + 0.5 * gradient**2
        corrected = (m / (1 - 0.75**t)) / np.sqrt(v / (1 - 0.5**t))
        tolerance = {"float32": 1e-6, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(optimizer.momentum[variable].numpy(), m, rtol=0, atol=tolerance)
        np.testing.assert_allclose(optimizer.second_moment[variable].numpy(), v, rtol=0, atol=tolerance)
        np.testing.assert_allclose(variable.numpy(), corrected, rtol=10 * tolerance, atol=10 * tolerance)


def test_it_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        optiplug.Moments()
