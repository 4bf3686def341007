"""LazyAdam leaves alone the rows that a gradient does not hold, which dense gradients do not show."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

ROWS = [[0, 2], [3, 3], [2, 3]]


def new_table():
    return tf.Variable(np.arange(15, dtype=np.float32).reshape(5, 3), name="table")


def step(optimizer, table, number):
    values = np.random.default_rng(number).normal(size=(2, 3))
    rows = tf.constant(ROWS[number])
    slices = tf.IndexedSlices(tf.constant(values, tf.float32), rows, tf.constant([5, 3]))
    optimizer.apply_gradients([(slices, table)])


def trained(use, sparse):
    table, optimizer = new_table(), optiplug.create(use, learning_rate=0.1, sparse=sparse)
    for number in range(len(ROWS)):
        step(optimizer, table, number)
    return table.numpy()


def test_other_rows_and_their_state_stay():
    table, optimizer = new_table(), optiplug.create("lazyadam", learning_rate=0.1)
    optimizer.build([table])
    kept = {"table": table, "momentum": optimizer.momentum[table], "second": optimizer.second_moment[table]}
    for number, rows in enumerate(ROWS):
        others = sorted({0, 1, 2, 3, 4} - set(rows))
        before = {name: each.numpy() for name, each in kept.items()}
        step(optimizer, table, number)
        for name, each in kept.items():
            np.testing.assert_array_equal(each.numpy()[others], before[name][others], name)
            assert (each.numpy()[rows] != before[name][rows]).all()
    assert kept["momentum"].numpy()[0].any()  # with which plain Adam would have moved row 0 on


@pytest.mark.parametrize("sparse", ["lazy", "exact"])
def test_is_adam_of_the_same_kind(sparse):
    np.testing.assert_array_equal(trained("lazyadam", sparse), trained("adam", sparse))


def test_differs_from_plain_adam_in_rows_without_gradient():
    lazy, exact = trained("lazyadam", "lazy"), trained("lazyadam", "exact")
    assert (lazy[0] != exact[0]).all()
    np.testing.assert_array_equal(lazy[[1, 4]], exact[[1, 4]])
