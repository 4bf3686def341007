"""A checkpoint gives each variable its own state, whatever its name and its order are now."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import StateError


def sgd():
    return optiplug.create("sgd", momentum=0.9, jit_compile=False)


def marked(optimizer, *variables):
    """Build on variables, and give each momentum twice the value of its variable."""
    optimizer.build(variables)
    for variable in variables:
        optimizer.momentum[variable].assign(2 * variable.read_value())
    return optimizer


def assert_own(optimizer, *variables):
    for variable in variables:
        np.testing.assert_array_equal(optimizer.momentum[variable].numpy(), 2 * variable.numpy())


def pair(first="kernel", second="kernel"):
    return tf.Variable([1.0, 2.0], name=first), tf.Variable([3.0, 4.0], name=second)


def written(folder, optimizer, **model):
    return tf.train.Checkpoint(optimizer=optimizer, **model).write(str(folder / "checkpoint"))


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("names", [("kernel", "kernel"), ("a", "b"), ("b", "a")])
def test_other_order_and_other_names(tmp_path, names, built):
    a, b = pair("a", "b")
    path = written(tmp_path, marked(sgd(), a, b), a=a, b=b)
    c, d = pair(*names)
    c.assign([0.0, 0.0])
    optimizer = sgd()
    if built:
        optimizer.build([d, c])

    status = tf.train.Checkpoint(optimizer=optimizer, a=c, b=d).read(path)
    optimizer.build([d, c])

    status.assert_consumed()
    assert_own(optimizer, c, d)
    assert c.numpy().tolist() == [1.0, 2.0]


def test_variable_that_appears_late(tmp_path):
    a, b = pair("dense", "dense_1")
    path = written(tmp_path, marked(sgd(), a, b), a=a, b=b)
    c, d = pair("dense_1", "dense_2")
    optimizer = sgd()
    optimizer.build([d])
    tf.train.Checkpoint(optimizer=optimizer, a=c, b=d).read(path)
    assert_own(optimizer, d)

    optimizer.build([c, d])

    assert_own(optimizer, c, d)


def test_name_that_another_variable_had(tmp_path):
    """`dense_1` was the second layer, and is the first one now, of a model of which the second is frozen."""
    a, b = pair("dense", "dense_1")
    path = written(tmp_path, marked(sgd(), a, b), a=a, b=b)
    c, d = pair("dense_1", "dense_2")
    optimizer = sgd()
    optimizer.build([c])

    tf.train.Checkpoint(optimizer=optimizer, a=c, b=d).read(path)

    assert_own(optimizer, c)


def test_variable_that_was_frozen_starts_afresh_and_is_told(tmp_path):
    a, b = pair("a", "b")
    path = written(tmp_path, marked(sgd(), a), a=a, b=b)
    optimizer = sgd()
    optimizer.build([a, b])

    with pytest.warns(UserWarning, match=r"no saved state is known to be that of \['b'\]"):
        tf.train.Checkpoint(optimizer=optimizer, a=a, b=b).read(path)

    assert_own(optimizer, a)
    assert not optimizer.momentum[b].numpy().any()


def test_equal_names_without_the_model(tmp_path):
    """The order tells if all were met at once; else nothing does."""
    a, b = pair()
    path = written(tmp_path, marked(sgd(), a, b))
    optimizer = sgd()
    optimizer.build([a, b])
    tf.train.Checkpoint(optimizer=optimizer).read(path)
    assert_own(optimizer, a, b)

    late = sgd()
    late.build([b])
    late.build([b, a])
    with pytest.raises(StateError, match=r"several have one name.*\['kernel', 'kernel_1'\]"):
        tf.train.Checkpoint(optimizer=late).read(path)
    assert not late.momentum[a].numpy().any()


def test_equal_names_met_one_after_the_other(tmp_path):
    a, b = pair()
    optimizer = sgd()
    optimizer.build([b])
    path = written(tmp_path, marked(optimizer, b, a))
    other = sgd()
    other.build([a, b])

    with pytest.raises(StateError, match="several have one name"):
        tf.train.Checkpoint(optimizer=other).read(path)


def test_state_in_half_precision_that_is_renamed(tmp_path):
    a = tf.Variable([1.0, 2.0], dtype=tf.bfloat16, name="a")
    first = sgd()
    first.build([a])
    first.momentum[a].assign([3.0, 4.0])
    path = written(tmp_path, first, model=a)
    b = tf.Variable([0.0, 0.0], dtype=tf.bfloat16, name="b")
    optimizer = sgd()
    optimizer.build([b])

    tf.train.Checkpoint(optimizer=optimizer, model=b).read(path)

    assert optimizer.momentum[b].numpy().tolist() == [3.0, 4.0]
