"""The keyword arguments of Keras 2.15, side by side with tf_keras."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from support.trajectories import apply, assert_same, follow, problem, variables_of

KEYWORDS = {
    "decay": {"weight_decay": 0.3},
    "clipnorm": {"clipnorm": 1.0},
    "clipvalue": {"clipvalue": 0.5},
    "global_clipnorm": {"global_clipnorm": 2.0},
    "average": {"use_ema": True, "ema_momentum": 0.9},
    "overwriting average": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
    "all": {"weight_decay": 0.3, "clipnorm": 1.0, "use_ema": True, "ema_overwrite_frequency": 3},
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("case", KEYWORDS)
def test_equals_tf_keras(case):
    import tf_keras

    initial, gradients = problem()
    peer = tf_keras.optimizers.SGD(0.02, momentum=0.9, jit_compile=False, **KEYWORDS[case])
    optimizer = optiplug.create("sgd", learning_rate=0.02, momentum=0.9, **KEYWORDS[case])
    assert_same(
        follow(optimizer, initial, gradients, "float32"), follow(peer, initial, gradients, "float32"), 1e-6
    )


def test_the_final_values_equal_those_of_tf_keras():
    import tf_keras

    initial, gradients = problem(10)
    hyperparameters = {"learning_rate": 0.02, "use_ema": True, "ema_momentum": 0.9}
    finals = []
    for optimizer in (optiplug.create("sgd", **hyperparameters), tf_keras.optimizers.SGD(**hyperparameters)):
        variables = variables_of(initial, "float32")
        for present in gradients:
            apply(optimizer, present, variables)
        before = [variable.numpy() for variable in variables]
        optimizer.finalize_variable_values(variables)
        finals.append([variable.numpy() for variable in variables])
        assert abs(finals[-1][0] - before[0]) > 1e-3
    assert_same([finals[0]], [finals[1]], 1e-6)


def test_the_example_of_the_average_gives_an_eighth():
    optimizer = optiplug.create(
        "sgd", learning_rate=1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3
    )
    variables = [tf.Variable(2.0), tf.Variable(2.0)]
    seen = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = variables[0] + variables[1]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        seen.append([variable.numpy() for variable in variables])
    assert seen == [[1.0, 1.0], [0.0, 0.0], [-0.125, -0.125]]


def test_the_example_of_the_clip():
    optimizer = optiplug.create("sgd", learning_rate=1, clipvalue=1)
    variables = [tf.Variable(2.0), tf.Variable(2.0)]
    optimizer.minimize(lambda: 2 * variables[0] + 2 * variables[1], variables)
    assert [variable.numpy() for variable in variables] == [1.0, 1.0]
