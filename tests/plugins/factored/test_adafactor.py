"""What Adafactor keeps, and the parts of its step one by one."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def stepped(gradient, variable, **fields):
    """Return a variable after one step, and the optimizer."""
    variable = tf.Variable(tf.constant(variable), name="w")
    optimizer = optiplug.create("adafactor", jit_compile=False, **fields)
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return variable.numpy(), optimizer


def shapes_of_state(shape, **fields):
    variable = tf.Variable(tf.zeros(shape), name="w")
    rows = optiplug.create("adafactor", **fields).state_report([variable]).rows
    return {row.slot: row.shape for row in rows if row.slot}


def test_state_of_a_large_matrix_is_small():
    variable = tf.Variable(tf.zeros([4096, 4096]), name="kernel")
    report = optiplug.create("adafactor").state_report([variable])
    assert report.total == 2 * 4096 * 4 + 8 + 4 < 64 * 1024  # iterations and learning rate included


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((128, 130), {"row_moment": (128,), "column_moment": (130,)}),
        ((130, 128), {"row_moment": (128,), "column_moment": (130,)}),
        ((128, 128), {"row_moment": (128,), "column_moment": (128,)}),
        ((3, 3, 256, 128), {"row_moment": (3, 3, 128), "column_moment": (3, 3, 256)}),
        ((200, 3, 150), {"row_moment": (3, 150), "column_moment": (200, 3)}),
        ((127, 4096), {"second_moment": (127, 4096)}),
        ((4096,), {"second_moment": (4096,)}),
        ((), {"second_moment": ()}),
    ],
)
def test_slots_exist_only_where_they_apply(shape, expected):
    assert shapes_of_state(shape) == expected
    assert shapes_of_state(shape, momentum=0.9) == {**expected, "momentum": shape}


def test_a_late_variable_gets_the_slots_of_its_kind():
    bias, kernel = tf.Variable(tf.ones([2]), name="bias"), tf.Variable(tf.ones([2, 3]), name="kernel")
    optimizer = optiplug.create("adafactor", min_dim_size_to_factor=2, jit_compile=False)
    for variables in ([bias], [bias, kernel]):
        optimizer.apply_gradients([(tf.ones_like(each), each) for each in variables])
    names = {name for name in optimizer.state.states if "/" in name}
    assert names == {"second_moment/bias", "row_moment/kernel", "column_moment/kernel"}


def test_inside_of_another_it_keeps_state_of_its_variables():
    variables = [tf.Variable(tf.ones(shape), name=f"w{len(shape)}") for shape in ((2,), (2, 3))]
    groups = [
        {"name": "large", "min_ndim": 2, "optimizer": {"use": "adafactor", "min_dim_size_to_factor": 2}},
        {"name": "rest", "optimizer": {"use": "sm3", "momentum": 0.0}},
    ]
    report = optiplug.create("partition", groups=groups).state_report(variables)
    names = {row.name for row in report.rows if row.slot}
    assert names == {"large/row_moment/w2", "large/column_moment/w2", "rest/accumulator_0/w1"}


def test_the_step_is_a_share_of_the_size_of_the_variable():
    after, _ = stepped([0.1, -3.0], [3.0, -4.0], learning_rate=0.25)
    size = np.sqrt((9 + 16) / 2)
    np.testing.assert_allclose(after, [3 - 0.25 * size, -4 + 0.25 * size], rtol=1e-6)


def test_a_small_variable_counts_as_of_size_epsilon_2():
    after, _ = stepped([2.0, -3.0], [0.0, 0.0], learning_rate=0.5, epsilon_2=0.25)
    np.testing.assert_allclose(after, [-0.125, 0.125], rtol=1e-6)


def test_relative_step_bounds_the_rate_and_can_be_turned_off():
    plain = {"learning_rate": 3.0, "multiply_by_parameter_scale": False}
    np.testing.assert_allclose(stepped([7.0], [1.0], **plain)[0], [0.0], atol=1e-6)
    np.testing.assert_allclose(stepped([7.0], [1.0], relative_step=False, **plain)[0], [-2.0], rtol=1e-6)
    variable, optimizer = tf.Variable([0.0]), optiplug.create("adafactor", **plain)
    for _ in range(4):
        before = float(variable[0])
        optimizer.apply_gradients([(tf.constant([7.0]), variable)])
    np.testing.assert_allclose(before - float(variable[0]), 1 / np.sqrt(4), rtol=1e-6)


def test_updates_are_clipped_by_their_root_mean_square():
    fields = {"learning_rate": 1.0, "multiply_by_parameter_scale": False, "relative_step": False}
    after, _ = stepped([1.0, -1.0], [0.0, 0.0], clip_threshold=0.25, **fields)
    np.testing.assert_allclose(after, [-0.25, 0.25], rtol=1e-6)
    unclipped = {**fields, "clip_threshold": None, "beta_2_decay": -1.0}
    variable, optimizer = tf.Variable(0.0), optiplug.create("adafactor", **unclipped)
    for gradient in (1.0, 7.0):  # the mean of the squares is 1, then 25
        before = float(variable)
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    np.testing.assert_allclose(before - float(variable), 7 / 5, rtol=1e-6)


def test_a_matrix_of_rank_one_is_factored_exactly():
    rows, columns = np.array([1.0, 2.0, 4.0], np.float32), np.array([3.0, 0.5, 1.0, 8.0], np.float32)
    gradient = np.outer(rows, columns)
    fields = {"learning_rate": 1.0, "multiply_by_parameter_scale": False, "min_dim_size_to_factor": 2}
    after, optimizer = stepped(gradient, np.zeros([3, 4], np.float32), **fields)
    np.testing.assert_allclose(after, -np.ones([3, 4]), rtol=1e-6)
    (row_moment,), (column_moment,) = optimizer.row_moment, optimizer.column_moment
    np.testing.assert_allclose(row_moment.numpy(), (gradient**2).mean(1), rtol=1e-6)
    np.testing.assert_allclose(column_moment.numpy(), (gradient**2).mean(0), rtol=1e-6)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_survives_zeros_after_large_gradients(dtype):
    variables = [tf.Variable(tf.ones([3, 4], dtype)), tf.Variable(tf.ones([3], dtype))]
    optimizer = optiplug.create("adafactor", min_dim_size_to_factor=2, decay_offset=9)
    for scale in (100.0, 0.0, 0.0, 1e-4):
        optimizer.apply_gradients([(tf.fill(each.shape, tf.cast(scale, dtype)), each) for each in variables])
    assert all(np.isfinite(each.numpy().astype(np.float64)).all() for each in variables)
