"""Loss scaling: when the scale moves, what a step sees of it, and that training does not notice."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.testing.training import apply_as_scaled
from optiplug_processors.loss_scale import LossScale

INF, NAN = float("inf"), float("nan")


def descent(scaling, *others, **fields):
    return optiplug.create("sgd", processors=[scaling, *others], **{"learning_rate": 1.0, **fields})


def scales(gradients, **fields):
    """Return the variable, the scale and the iterations after each call."""
    scaling, variable = LossScale(**fields), tf.Variable(0.0)
    optimizer, seen = descent(scaling), []
    for gradient in gradients:
        apply_as_scaled(optimizer, [(tf.constant(gradient), variable)])
        seen.append((float(variable), float(scaling.scale.numpy()), int(optimizer.iterations.numpy())))
    return seen


def test_the_scale_grows_and_after_an_overflow_shrinks():
    assert scales([8.0, -8.0, 16.0, INF, 8.0, NAN, 4.0], initial_scale=8.0, dynamic_growth_steps=2) == [
        (-1.0, 8.0, 1), (0.0, 16.0, 2), (-1.0, 16.0, 3), (-1.0, 8.0, 3),
        (-2.0, 8.0, 4), (-2.0, 4.0, 4), (-3.0, 4.0, 5),
    ]  # fmt: skip


def test_the_scale_stays_within_its_bounds():
    (_, low, _), (_, lower, _) = scales([INF, INF], initial_scale=6.0, minimum=5.0)
    assert (low, lower) == (5.0, 5.0)
    largest = 2.0**127  # of the powers of two in float32
    assert [scale for _, scale, _ in scales([1.0, 1.0], initial_scale=largest, dynamic_growth_steps=1)] == [
        largest,
        largest,
    ]


def test_the_scale_moves_as_that_of_tf_keras():
    import tf_keras

    random = np.random.default_rng(1)
    gradients = [INF if random.uniform() < 0.2 else 1.0 for _ in range(60)]
    inner = tf_keras.optimizers.SGD(1.0, jit_compile=False)
    peer = tf_keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=64.0, dynamic_growth_steps=3)
    peer.get_scaled_loss(tf.constant(1.0))  # or it warns that nobody did
    variable, theirs = tf.Variable(0.0), []
    for gradient in gradients:
        (unscaled,) = peer.get_unscaled_gradients([tf.constant(gradient)])
        peer.apply_gradients([(unscaled, variable)])
        theirs.append((float(variable), float(peer.loss_scale)))
    ours = scales(gradients, initial_scale=64.0, dynamic_growth_steps=3)
    assert [(value, scale) for value, scale, _ in ours] == theirs
    assert len({scale for _, scale in theirs}) > 3


def test_a_constant_scale_has_no_state_and_leaves_out_overflows():
    scaling, variable = LossScale(initial_scale=4.0, dynamic=False), tf.Variable(0.0)
    optimizer = descent(scaling)
    for gradient in (4.0, INF, 8.0):
        apply_as_scaled(optimizer, [(tf.constant(gradient), variable)])
    assert (float(variable), int(optimizer.iterations.numpy())) == (-3.0, 2)
    assert set(optimizer.state.states) == {"iterations", "learning_rate"}
    assert float(scaling.scale_loss(2.0)) == 8.0


def test_float16_keeps_small_gradients_and_recovers():
    def loss():
        return tf.reduce_sum(tf.cast(variable, tf.float16) * tf.constant(2.0**-20, tf.float16)) / 64

    scaling, variable = LossScale(initial_scale=2.0**30), tf.Variable([1.0, 1.0])
    optimizer = descent(scaling, learning_rate=2.0**24)
    optimizer.build([variable])
    seen = []
    for _ in range(18):
        with tf.GradientTape() as tape:
            scaled = optimizer.scale_loss(loss())
        gradients = tape.gradient(scaled, [variable])
        optimizer.apply_gradients(zip(gradients, [variable], strict=True))
        seen.append((float(variable[0]), float(scaling.scale.numpy())))
    # 2^15 is the first power of two that float16 has: before it the factor itself overflows.
    assert seen[:15] == [(1.0, 2.0 ** (29 - call)) for call in range(15)]
    assert [value for value, _ in seen[15:]] == [0.75, 0.5, 0.25]
    with tf.GradientTape() as tape:
        plain = loss()
    assert tape.gradient(plain, variable).numpy().tolist() == [0.0, 0.0]


def trajectory(processors, wrap, calls=6):
    """Return a variable in float32 after each call of `minimize`, and its optimizer."""
    start = np.random.default_rng(2).normal(size=(4, 3))
    variable = tf.Variable(tf.constant(start, tf.float32), name="w")
    optimizer = optiplug.create("adam", learning_rate=0.1, processors=processors, clipnorm=1.0)
    optimizer.build([variable])

    def step():
        optimizer.minimize(lambda: tf.reduce_sum(tf.sin(variable) ** 2), [variable])

    call, seen = wrap(step), []
    for _ in range(calls):
        call()
        seen.append(variable.numpy())
    return seen, optimizer


@pytest.mark.parametrize("wrap", [lambda step: step, tf.function], ids=["eager", "graph"])
def test_minimize_scales_by_itself_and_training_does_not_notice(wrap):
    scaling = LossScale(initial_scale=2.0**10, dynamic_growth_steps=2)
    scaled, optimizer = trajectory([scaling], wrap)
    plain, _ = trajectory([], wrap)
    np.testing.assert_array_equal(scaled, plain)
    assert float(scaling.scale.numpy()) == 2.0**13
    assert int(optimizer.iterations.numpy()) == 6


def test_accumulation_sums_what_is_scaled_back():
    scaling, variable = LossScale(initial_scale=8.0, dynamic_growth_steps=1), tf.Variable(0.0)
    optimizer = descent(scaling, {"use": "accumulate", "steps": 2, "reduction": "sum"})
    for gradient in (8.0, INF, 16.0):  # the scale is 8, 16 and then 8 again
        apply_as_scaled(optimizer, [(tf.constant(gradient), variable)])
    assert float(variable) == -3.0


def test_the_scale_is_part_of_a_checkpoint(tmp_path):
    def fresh():
        scaling, variable = LossScale(initial_scale=8.0, dynamic_growth_steps=2), tf.Variable(0.0)
        return scaling, variable, descent(scaling)

    _, variable, optimizer = fresh()
    for gradient in (1.0, 1.0, 1.0):
        apply_as_scaled(optimizer, [(tf.constant(gradient), variable)])
    path = tf.train.Checkpoint(variable=variable, optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    resumed, variable, optimizer = fresh()
    tf.train.Checkpoint(variable=variable, optimizer=optimizer).read(path)
    optimizer.build([variable])
    assert (float(resumed.scale.numpy()), int(resumed.good_steps.numpy())) == (16.0, 1)
    assert float(resumed.scale_loss(1.0)) == 16.0


def test_a_loss_is_not_scaled_before_there_is_state():
    scaling = LossScale()
    descent(scaling)
    with pytest.raises(optiplug.BuildError, match="build"):
        scaling.scale_loss(tf.constant(1.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_scale": 0.0},
        {"multiplier": 1.0},
        {"dynamic_growth_steps": 0},
        {"minimum": 2.0, "initial_scale": 1.0},
        {"only": ["kernel"]},
        {"min_ndim": 2},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    (field, *_) = wrong
    with pytest.raises(optiplug.ConfigError, match=field):
        LossScale(**wrong)
