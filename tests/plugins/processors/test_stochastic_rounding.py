"""The law of stochastic rounding, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

SIZE = 20_000
ULP = 2.0**-7  # of bfloat16, from 1 to 2


def moved(start, update, steps=1, dtype=tf.bfloat16, entries=("stochastic_rounding",), **fields):
    """Return a variable, as float64, after so many steps that each add `update` to it."""
    variable = tf.Variable(tf.cast(tf.fill([SIZE], start), dtype), name="w")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=list(entries), **fields)
    for _ in range(steps):
        optimizer.apply_gradients([(tf.cast(tf.fill([SIZE], -update), dtype), variable)])
    return np.asarray(tf.cast(variable, tf.float64))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("share", [1 / 16, 0.25, 0.5, 0.875])
def test_the_neighbours_are_chosen_by_their_distance(share, sign):
    after = moved(sign, sign * share * ULP)
    assert set(after) == {sign, sign * (1 + ULP)}
    error = 5 * np.sqrt(share * (1 - share) / SIZE)  # five standard errors
    assert abs((after != sign).mean() - share) < error


def test_updates_below_the_last_digit_add_up():
    update, steps = ULP / 64, 100
    rounded = moved(1.0, update, steps)
    np.testing.assert_allclose(rounded.mean() - 1, steps * update, rtol=0.02)
    assert (moved(1.0, update, steps, entries=()) == 1).all()


def test_what_bfloat16_has_stays():
    values = np.asarray([0.0, -0.0, 1.0, -3.5, 1e-37, np.inf, -np.inf, np.nan, 3.38e38])
    variable = tf.Variable(tf.constant(values, tf.bfloat16))
    before = variable.numpy()
    optimizer = optiplug.create("sgd", processors=["stochastic_rounding"])
    for _ in range(20):
        optimizer.apply_gradients([(tf.zeros_like(variable), variable)])
    np.testing.assert_array_equal(before.view(np.uint16), variable.numpy().view(np.uint16))


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
def test_other_dtypes_are_left_alone(dtype):
    after = moved(1.0, 0.1, dtype=dtype)
    np.testing.assert_array_equal(after, moved(1.0, 0.1, dtype=dtype, entries=()))


@pytest.mark.slow
def test_steps_variables_and_seeds_have_streams_of_their_own():
    def chosen(seed, name):
        variable, seen = tf.Variable(tf.ones([SIZE], tf.bfloat16), name=name), []
        entry = {"use": "stochastic_rounding", "seed": seed}
        optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[entry])
        for _ in range(2):
            variable.assign(tf.ones([SIZE], tf.bfloat16))
            optimizer.apply_gradients([(tf.cast(tf.fill([SIZE], -ULP / 2), tf.bfloat16), variable)])
            seen.append(np.asarray(variable.numpy(), np.float64) > 1)
        return seen

    streams = np.concatenate([chosen(seed, name) for seed, name in ((1, "a"), (1, "b"), (2, "a"))])
    assert np.abs(np.corrcoef(streams) - np.eye(6)).max() < 5 / np.sqrt(SIZE)
    np.testing.assert_array_equal(chosen(1, "a"), streams[:2])


def test_the_stream_does_not_depend_on_the_compiler():
    update = ULP / 4
    np.testing.assert_array_equal(moved(1.0, update, 3), moved(1.0, update, 3, jit_compile=False))


def test_an_average_listed_after_it_sees_the_rounded_values():
    from optiplug_processors.ema import EMA

    average, variable = EMA(momentum=0.0), tf.Variable(tf.ones([100], tf.bfloat16), name="w")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=["stochastic_rounding", average])
    optimizer.apply_gradients([(tf.cast(tf.fill([100], -ULP / 2), tf.bfloat16), variable)])
    np.testing.assert_array_equal(average.average[variable].numpy(), variable.numpy())
    assert len(set(variable.numpy().tolist())) == 2


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1.5}])
def test_what_is_out_of_range_is_refused(wrong):
    with pytest.raises(optiplug.ConfigError, match="seed"):
        optiplug.create("sgd", processors=[{"use": "stochastic_rounding", **wrong}])
