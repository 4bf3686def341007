"""What stands for a tensor does in TensorFlow what the tensor does."""

from __future__ import annotations

import operator

import numpy as np
import pytest
import tensorflow as tf

from optiplug._variables.tensor_like import TensorLike

START = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)
OTHER = np.array([[2.0, 2.0], [0.5, 1.0]], np.float32)


class Held(TensorLike):
    """Holds a tensor."""

    def __init__(self, value):
        self.held = tf.constant(value)

    @property
    def value(self):
        return self.held

    def assign(self, value, use_locking=False, name=None, read_value=True):
        self.held = tf.convert_to_tensor(value)
        return self


@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "lt", "le", "gt", "ge"]
)
def test_operators_take_it_on_both_sides(name):
    operate, thing = getattr(operator, name), Held(START)

    np.testing.assert_array_equal(operate(thing, OTHER), operate(START, OTHER))
    np.testing.assert_array_equal(operate(tf.constant(OTHER), thing), operate(OTHER, START))
    np.testing.assert_array_equal(operate(OTHER, thing), operate(OTHER, START))


def test_the_other_operators():
    thing = Held(START)

    np.testing.assert_array_equal(-thing, -START)
    np.testing.assert_array_equal(abs(thing), abs(START))
    np.testing.assert_array_equal(thing[1, :1], START[1, :1])
    np.testing.assert_array_equal(thing**2, START**2)
    np.testing.assert_array_equal(2.0**thing, 2.0**START)


def test_functions_take_it():
    thing = Held(START)

    np.testing.assert_array_equal(tf.square(thing), START**2)
    np.testing.assert_array_equal(tf.convert_to_tensor(thing), START)
    np.testing.assert_array_equal(thing.read_value(), START)


@pytest.mark.parametrize(("name", "sign"), [("assign_add", 1), ("assign_sub", -1)])
def test_what_is_added_has_its_dtype_afterwards(name, sign):
    thing = Held(START)

    assert getattr(thing, name)(tf.constant(OTHER, tf.float64)) is thing
    assert thing.value.dtype == tf.float32
    np.testing.assert_array_equal(thing.value, START + sign * OTHER)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scatter_add", [[1.0, -2.0], [8.0, 10.0]]),
        ("scatter_sub", [[1.0, -2.0], [-2.0, -2.0]]),
        ("scatter_update", [[1.0, -2.0], [5.0, 6.0]]),
    ],
)
def test_rows(name, expected):
    thing = Held(START)
    rows = tf.IndexedSlices(tf.constant([[5.0, 6.0]]), tf.constant([1]), tf.constant([2, 2]))

    getattr(thing, name)(rows)
    np.testing.assert_array_equal(thing.value, expected)


def test_the_base_holds_nothing():
    with pytest.raises(NotImplementedError):
        _ = TensorLike().value
    with pytest.raises(NotImplementedError):
        TensorLike().assign(1.0)
