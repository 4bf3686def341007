"""`variables` is a property in newer code and a method in older."""

from __future__ import annotations

import tensorflow as tf

import optiplug


def test_variables_are_read_and_called():
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    optimizer.build([tf.Variable(1.0)])
    variables = optimizer.variables

    assert len(variables) == 3
    assert variables() is variables
