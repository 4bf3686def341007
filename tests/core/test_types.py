"""The names of roles stand for what TensorFlow has."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug
from optiplug import _types


def test_each_role_is_what_a_value_in_it_is():
    variable = tf.Variable([1.0])
    rows = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))

    assert isinstance(variable, _types.Variable)
    assert isinstance(tf.constant(1.0), _types.Tensor)
    assert isinstance(rows, _types.Gradient)
    assert isinstance(tf.constant(1.0), _types.Gradient)
    assert isinstance(variable.dtype, _types.DType)
    assert isinstance(variable.shape, _types.Shape)
    assert isinstance(np.zeros(1), _types.Array.__origin__)
    assert isinstance(tf.distribute.get_strategy(), _types.Strategy)
    assert isinstance(dtensor.create_mesh([("x", 1)], devices=["CPU:0"]), _types.Mesh)
    assert not isinstance(variable, _types.Tensor)


def test_plugins_find_theirs_in_the_package():
    for name in ("DType", "Gradient", "Shape", "Tensor", "Variable"):
        assert getattr(optiplug, name) is getattr(_types, name)
