"""The law and the stream of gradient noise."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

SIZE = 20_000


def noise(steps: int, jit_compile: bool = True, **hyperparameters) -> np.ndarray:
    """Return the noise of each step: what descent at rate 1 on a gradient of zero subtracts."""
    variables = [tf.Variable(tf.zeros([SIZE]), name=name) for name in ("a", "b")]
    optimizer = optiplug.create(
        "sgd",
        learning_rate=1.0,
        jit_compile=jit_compile,
        processors=[{"use": "add_noise", **hyperparameters}],
    )
    seen = []
    for _ in range(steps):
        for variable in variables:
            variable.assign(tf.zeros([SIZE]))
        optimizer.apply_gradients([(tf.zeros([SIZE]), variable) for variable in variables])
        seen.append([-variable.numpy() for variable in variables])
    return np.asarray(seen, np.float64)


def test_it_is_normal_with_a_falling_variance():
    drawn = noise(3, eta=0.3, gamma=0.55)
    expected = np.sqrt(0.3 / np.arange(1, 4) ** 0.55)[:, None]
    error = 5 / np.sqrt(SIZE)  # five standard errors
    np.testing.assert_allclose(drawn.std(-1), np.broadcast_to(expected, [3, 2]), rtol=error)
    normal = drawn / expected[..., None]
    np.testing.assert_allclose(normal.mean(-1), 0, atol=error)
    np.testing.assert_allclose((normal**3).mean(-1), 0, atol=error * np.sqrt(15))
    np.testing.assert_allclose((normal**4).mean(-1), 3, atol=error * np.sqrt(96))
    np.testing.assert_allclose((np.abs(normal) < 1).mean(-1), 0.6827, atol=error)


@pytest.mark.slow
def test_steps_variables_and_seeds_have_streams_of_their_own():
    one, other = noise(2, seed=1), noise(2, seed=2)
    streams = np.concatenate([one.reshape(4, -1), other.reshape(4, -1)])
    correlation = np.corrcoef(streams) - np.eye(8)
    assert np.abs(correlation).max() < 5 / np.sqrt(SIZE)
    np.testing.assert_array_equal(one, noise(2, seed=1))


def test_the_stream_does_not_depend_on_the_compiler():
    np.testing.assert_allclose(noise(1), noise(1, jit_compile=False), rtol=1e-4, atol=1e-6)


def test_the_variance_may_be_scheduled():
    drawn = noise(2, eta=lambda iteration: tf.cast(iteration, tf.float32) * 4, gamma=0.0)
    assert not drawn[0].any()
    np.testing.assert_allclose(drawn[1].std(-1), 2, rtol=5 / np.sqrt(SIZE))


@pytest.mark.parametrize(
    "wrong", [{"eta": -1.0}, {"gamma": -0.1}, {"gamma": float("nan")}, {"seed": -1}, {"seed": 1.5}]
)
def test_what_is_out_of_range_is_refused(wrong):
    (field,) = wrong
    with pytest.raises(optiplug.ConfigError, match=field):
        optiplug.create("sgd", processors=[{"use": "add_noise", **wrong}])


def test_complex_noise_has_half_of_the_variance_in_either_part():
    variable = tf.Variable(tf.zeros([SIZE], tf.complex64))
    noise = {"use": "add_noise", "eta": 4.0}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[noise])
    optimizer.apply_gradients([(tf.zeros([SIZE], tf.complex64), variable)])
    drawn, error = variable.numpy(), 5 / np.sqrt(SIZE)
    np.testing.assert_allclose([drawn.real.std(), drawn.imag.std()], np.sqrt(2), rtol=error)
    assert abs(np.corrcoef(drawn.real, drawn.imag)[0, 1]) < error
