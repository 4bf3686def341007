"""Gates: which calls become steps, and what is remembered of the others."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.accumulate import Accumulate
from optiplug_processors.skip_non_finite import SkipNonFinite

NAN = float("nan")


def walk(optimizer, gradients, start=0.0, dtype=tf.float32):
    """Return the variable and the iterations after each call."""
    variable = tf.Variable(tf.constant(start, dtype))
    seen = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient, dtype), variable)])
        seen.append((float(variable.numpy()), int(optimizer.iterations.numpy())))
    return seen


def test_a_bad_call_is_left_out_of_an_accumulation():
    skip, accumulate = SkipNonFinite(), Accumulate(2)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[skip, accumulate])
    assert walk(optimizer, [1.0, NAN, 3.0, NAN, 5.0, 7.0]) == [
        (0.0, 0), (0.0, 0), (-2.0, 1), (-2.0, 1), (-2.0, 1), (-8.0, 2),
    ]  # fmt: skip
    assert skip.skipped.numpy() == 2
    assert accumulate.count.numpy() == 0


def test_a_bad_accumulated_step_is_left_out_as_a_whole():
    accumulate, skip = Accumulate(2), SkipNonFinite()
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[accumulate, skip])
    assert walk(optimizer, [1.0, NAN, NAN, 1.0, 3.0, 5.0]) == [
        (0.0, 0), (0.0, 0), (0.0, 0), (0.0, 0), (0.0, 0), (-4.0, 1),
    ]  # fmt: skip
    assert skip.skipped.numpy() == 2


def test_schedules_averages_and_clips_count_steps():
    optimizer = optiplug.create(
        "sgd",
        learning_rate=lambda iteration: tf.where(iteration == 0, 1.0, 10.0),
        processors=[{"use": "accumulate", "steps": 3, "reduction": "sum"}],
        clipvalue=4.0,
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=2,
    )
    assert walk(optimizer, [3.0, 3.0, -3.0, 2.0, 1.0, 9.0]) == [
        (0.0, 0), (0.0, 0), (-3.0, 1), (-3.0, 1), (-3.0, 1), (-22.25, 2),
    ]  # fmt: skip


def test_nothing_of_a_skipped_step_remains():
    kept = optiplug.create("adamw", learning_rate=0.1, use_ema=True, processors=["skip_non_finite"])
    plain = optiplug.create("adamw", learning_rate=0.1, use_ema=True)
    ours = walk(kept, [1.0, NAN, -2.0, float("inf"), 0.5], start=1.0)
    theirs = walk(plain, [1.0, -2.0, 0.5], start=1.0)
    assert [ours[0], ours[2], ours[4]] == theirs
    np.testing.assert_array_equal(kept.variables[-1].numpy(), plain.variables[-1].numpy())


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("compile_user", [True, False, None])
def test_a_gate_works_wherever_the_step_is_called(jit_compile, compile_user):
    skip = SkipNonFinite()
    optimizer = optiplug.create(
        "sgd", learning_rate=1.0, processors=[skip, Accumulate(2)], jit_compile=jit_compile
    )
    variable = tf.Variable([0.0, 0.0])

    def step(gradient):
        optimizer.apply_gradients([(gradient, variable)])

    optimizer.build([variable])
    call = step if compile_user is None else tf.function(step, jit_compile=compile_user)
    for gradient in ([1.0, 2.0], [0.0, float("inf")], [3.0, 2.0]):
        call(tf.constant(gradient))
    assert variable.numpy().tolist() == [-2.0, -2.0]
    assert skip.skipped.numpy() == 1


def test_sums_of_half_precision_are_held_in_float32():
    accumulate = Accumulate(4, "sum")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[accumulate])
    variable = tf.Variable(tf.constant(0.0, tf.bfloat16))
    for gradient in (256.0, 1.0, 1.0, 2.0):  # bfloat16 holds 256 and 258, not 257
        optimizer.apply_gradients([(tf.constant(gradient, tf.bfloat16), variable)])
    assert float(variable.numpy()) == -260.0
    assert [state.dtype for state in accumulate.sum] == [tf.float32]


def test_a_variable_without_gradient_in_the_last_call_moves():
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Accumulate(2, "sum")])
    one, other = tf.Variable(0.0, name="one"), tf.Variable(0.0, name="other")
    optimizer.build([one, other])
    optimizer.apply_gradients([(tf.constant(1.0), one), (tf.constant(1.0), other)])
    with pytest.warns(UserWarning, match="other"):
        optimizer.apply_gradients([(tf.constant(1.0), one), (None, other)])
    assert (one.numpy(), other.numpy()) == (-2.0, -1.0)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant(1.0), one), (tf.constant(1.0), other)])
    assert (one.numpy(), other.numpy()) == (-4.0, -3.0)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 1.5}, {"steps": 2, "reduction": "median"}, {}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(optiplug.ConfigError):
        optiplug.create("sgd", processors=[{"use": "accumulate", **wrong}])
