"""State in another dtype than its variable, with the same arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.trajectories import follow, problem, variables_of


def rounded(value):
    return tf.cast(tf.cast(value, tf.bfloat16), tf.float32).numpy()


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("jit_compile", [True, False])
def test_it_is_rounded_between_steps_only(jit_compile, pack):
    variables = variables_of([np.ones([3]), np.ones([2, 2])], "float32")
    options = {"jit_compile": jit_compile, "pack_small_variables": pack}
    optimizer = optiplug.create("sgd", learning_rate=1.0, momentum=0.75, state_dtype="bfloat16", **options)
    velocity, expected = np.float32(0), np.float32(1)
    for gradient in (0.3, 0.7, 0.1):
        optimizer.apply_gradients([(tf.fill(each.shape, gradient), each) for each in variables])
        step = np.float32(0.75) * velocity - np.float32(gradient)
        velocity, expected = rounded(step), expected + step
        for each in variables:
            np.testing.assert_allclose(each.numpy(), expected, rtol=1e-6)
    held = optimizer.state.states["momentum/w0"]
    assert held.variable.dtype == tf.bfloat16
    np.testing.assert_array_equal(held.numpy().astype(np.float32), np.full([3], velocity))


def test_the_report_tells():
    (kernel,) = variables_of([np.ones([64, 4])], "float32")
    report = optiplug.create("adam", state_dtype="bfloat16").state_report([kernel])
    assert {(row.slot, row.dtype, row.bytes) for row in report.rows if row.slot} == {
        ("momentum", "bfloat16", 512),
        ("second_moment", "bfloat16", 512),
    }


def test_state_beside_half_precision_is_precise_by_default():
    initial, gradients = problem(30, ((5,),))
    start = [np.zeros_like(each) for each in initial]
    exact = follow(optiplug.create("sgd", momentum=0.9), start, gradients, "float32")[-1][0]
    errors = {}
    for dtype in ("variable", None):
        optimizer = optiplug.create("sgd", momentum=0.9, state_dtype=dtype)
        ours = follow(optimizer, start, gradients, "bfloat16")[-1][0]
        errors[dtype] = np.abs(ours - exact).max()
        assert optimizer.state.states["momentum/w0"].variable.dtype == ("bfloat16" if dtype else "float32")
    assert errors[None] < errors["variable"]


def test_double_precision_computes_in_double_precision():
    (variable,) = variables_of([np.zeros([2])], "float64")
    optimizer = optiplug.create("sgd", learning_rate=1 / 3, momentum=0.5, state_dtype="float32")
    optimizer.apply_gradients([(tf.ones([2], tf.float64), variable)])
    np.testing.assert_array_equal(variable.numpy(), np.full([2], -1 / 3))
    assert optimizer.state.states["momentum/w0"].variable.dtype == tf.float32


def test_rows_of_it():
    (table,) = variables_of([np.ones([4, 2])], "float32")
    optimizer = optiplug.create("adam", state_dtype="bfloat16", sparse="lazy")
    gradient = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([2]), tf.constant([4, 2]))
    optimizer.apply_gradients([(gradient, table)])
    assert optimizer.state.states["momentum/w0"].numpy().astype(np.float32)[:, 0].tolist() == [
        *(0, 0),
        float(rounded(0.1)),
        0,
    ]


def test_checkpoints_keep_it(tmp_path):
    def trained(calls, path=None):
        variables = variables_of([np.ones([3])], "float32")
        optimizer = optiplug.create("adam", state_dtype="bfloat16")
        checkpoint = tf.train.Checkpoint(model=variables, optimizer=optimizer)
        if path:
            checkpoint.read(path)
        for _ in range(calls):
            optimizer.apply_gradients([(tf.constant([0.3, 1.0, -2.0]), variables[0])])
        return checkpoint, variables[0].numpy()

    path = trained(2)[0].write(str(tmp_path / "checkpoint"))
    np.testing.assert_array_equal(trained(2, path)[1], trained(4)[1])
