"""What stands for a tensor does in TensorFlow what the tensor does."""

from __future__ import annotations

import operator

import numpy as np
import pytest
import tensorflow as tf

from optiplug._variables.tensor_like import TensorLike
from optiplug._variables.variable_like import VariableLike

START = np.array([[1.0, -2.0], [3.0, 4.0]], np.float32)
OTHER = np.array([[2.0, 2.0], [0.5, 1.0]], np.float32)


class Held(VariableLike):
    """Holds a tensor."""

    path, _kept = "held", None

    def __init__(self, value):
        self.held = tf.convert_to_tensor(value)
        self.shape, self.dtype = self.held.shape, self.held.dtype

    def read_value(self):
        return self.held

    def numpy(self):
        return np.asarray(self.held)

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
    for member in (VariableLike().assign, VariableLike().numpy):
        with pytest.raises(NotImplementedError):
            member(*([1.0] if member.__name__ == "assign" else []))
    for name in ("path", "_kept"):
        with pytest.raises(NotImplementedError):
            getattr(VariableLike(), name)


def test_a_value_is_a_tensor_that_may_be_called():
    thing = Held(START)
    value = thing.value
    thing.assign(OTHER)

    np.testing.assert_array_equal(value, START)  # it is that of the moment when it was read
    assert value() is value.read_value()
    assert (value.shape, value.dtype, len(value), value.ndim) == (START.shape, tf.float32, 2, 2)
    np.testing.assert_array_equal([row.numpy() for row in value], START)
    assert float(Held(2.5).value) == 2.5
    assert [0, 1, 2][Held(1).value] == 1


def test_it_is_a_tensor_to_tensorflow():
    thing = Held(START)

    assert tf.is_tensor(thing)
    np.testing.assert_array_equal(tf.stack([thing, OTHER])[0], START)
    np.testing.assert_array_equal(np.asarray(thing), START)


def test_in_a_graph_it_is_a_dependency_and_no_array():
    @tf.function
    def function():
        thing = Held(tf.constant(START))
        with tf.control_dependencies([thing]):
            tf.group(thing)
        with pytest.raises(NotImplementedError, match="symbolic"):
            np.asarray(thing)
        with pytest.raises(AttributeError, match="__array__"):
            _ = thing.__array__

    function()
