"""What others have added since a step read a variable is still there after its assignment."""

import pytest
import tensorflow as tf

from optiplug._variables.served_variable import ServedVariable


def test_an_assignment_adds_its_difference():
    variable = tf.Variable([1.0, 2.0], dtype=tf.float64)
    served = ServedVariable(variable, "w", added=True)
    start = served.read_value()
    variable.assign_add([10.0, 20.0])  # another worker
    served.assign(start * 3.0)
    assert variable.numpy().tolist() == [13.0, 26.0]


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.float32, tf.bfloat16, tf.complex64])
def test_numbers_are_added(dtype):
    variable = tf.Variable(tf.cast(4, dtype))
    served = ServedVariable(variable, "count", added=True)
    new = served.read_value() + tf.cast(1, dtype)
    variable.assign_add(tf.cast(2, dtype))
    served.assign(new)
    assert complex(variable.numpy()) == 7


@pytest.mark.parametrize(("start", "added"), [(False, True), (4.0, False)])
def test_what_is_no_sum_is_assigned(start, added):
    variable = tf.Variable(start)
    served = ServedVariable(variable, "flag", added=added)
    served.read_value()
    variable.assign(not start if start is False else 2.0)
    served.assign(tf.constant(start))
    assert variable.numpy() == start


def test_rows_are_added():
    variable = tf.Variable(tf.zeros([4, 2]))
    served = ServedVariable(variable, "table", added=True)
    rows = tf.gather(served, [2, 1, 0, 0])  # the last two are padding
    variable.assign_add(tf.ones([4, 2]))
    served.scatter_update(tf.IndexedSlices(rows[:2] + 5.0, tf.constant([2, 1])))
    assert variable.numpy()[:, 0].tolist() == [1, 6, 6, 1]


def test_it_is_read_once():
    variable = tf.Variable([1.0], name="w")
    served = ServedVariable(variable, "w", added=True)
    first = served.read_value()
    variable.assign([5.0])
    assert served.read_value() is first
    assert (served.path, served.shape, served.dtype) == ("w", (1,), tf.float32)
    assert served.ref() == variable.ref()
    assert served.numpy().tolist() == [5.0]
