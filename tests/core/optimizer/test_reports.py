"""The program that is compiled, as text."""

import pytest
import tensorflow as tf

import optiplug


def test_the_compiled_program_is_that_of_the_core():
    optimizer = optiplug.create("sgd", momentum=0.9)
    with pytest.raises(optiplug.BuildError, match="no variables yet"):
        optimizer.compiled_program()
    optimizer.build([tf.Variable(tf.zeros([7, 5]), name="a"), tf.Variable(tf.zeros([3]), name="b")])
    assert "f32[38]" in optimizer.compiled_program()  # both joined

    uncompiled = optiplug.create("sgd", jit_compile=False)
    uncompiled.build([tf.Variable(1.0)])
    with pytest.raises(optiplug.BuildError, match=r"only what XLA compiles.*jit_compile=True"):
        uncompiled.compiled_program()
