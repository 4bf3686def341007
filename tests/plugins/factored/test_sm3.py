"""What SM3 keeps, and that it bounds what Adagrad would keep."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug


def test_state_is_as_long_as_the_axes():
    variables = [
        tf.Variable(tf.zeros(shape), name=f"w{len(shape)}") for shape in ((), (7,), (512, 256), (2, 3, 4))
    ]
    rows = optiplug.create("sm3", momentum=0.0).state_report(variables).rows
    assert {row.name: row.shape for row in rows if row.slot} == {
        "accumulator_0/w0": (),
        "accumulator_0/w1": (7,),
        "accumulator_0/w2": (512,),
        "accumulator_1/w2": (256,),
        "accumulator_0/w3": (2,),
        "accumulator_1/w3": (3,),
        "accumulator_2/w3": (4,),
    }


def test_accumulators_bound_the_sums_of_squares():
    random = np.random.default_rng(5)
    variable, sums = tf.Variable(tf.zeros([3, 4, 2]), name="w"), np.zeros([3, 4, 2])
    optimizer = optiplug.create("sm3")
    for _ in range(10):
        gradient = random.normal(size=sums.shape).astype(np.float32)
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        sums += gradient.astype(np.float64) ** 2
    bounds = [slot[variable].numpy() for slot in optimizer.accumulators]
    for axis, bound in enumerate(bounds):
        others = tuple(each for each in range(3) if each != axis)
        assert (bound >= sums.max(others) * (1 - 1e-6)).all()
        assert (bound > 1.01 * sums.max(others)).any()  # and they do not just hold these sums


def test_two_steps_by_hand():
    variable = tf.Variable(tf.zeros([2, 2]), name="w")
    optimizer = optiplug.create("sm3", learning_rate=1.0, momentum=0.0)
    optimizer.apply_gradients([(tf.constant([[3.0, 0.0], [0.0, 1.0]]), variable)])
    np.testing.assert_allclose(variable.numpy(), [[-1, 0], [0, -1]], rtol=1e-6)
    assert [slot[variable].numpy().tolist() for slot in optimizer.accumulators] == [[9, 1], [9, 1]]
    optimizer.apply_gradients([(tf.constant([[4.0, 1.0], [0.0, 0.0]]), variable)])
    # 4 / sqrt(9 + 16), and 1 / sqrt(min(9, 1) + 1).
    np.testing.assert_allclose(variable.numpy(), [[-1.8, -(0.5**0.5)], [0, -1]], rtol=1e-6)
    assert [slot[variable].numpy().tolist() for slot in optimizer.accumulators] == [[25, 1], [25, 2]]


def test_momentum_averages_what_is_subtracted():
    variable, optimizer = tf.Variable(0.0), optiplug.create("sm3", learning_rate=1.0, momentum=0.75)
    optimizer.apply_gradients([(tf.constant(2.0), variable)])
    assert float(variable) == -0.25
    optimizer.apply_gradients([(tf.constant(0.0), variable)])
    assert float(variable) == -0.25 - 0.75 * 0.25
