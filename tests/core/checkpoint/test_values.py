"""What is saved is tracked by TensorFlow as a whole, or refused."""

from __future__ import annotations

import errno

import keras
import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._tf_private import read_all
from optiplug.checkpoint import values as module
from optiplug.checkpoint.values import Values

VARIABLE = object()  # in the place of a variable, which would choose the devices while tests are collected


def made(value):
    if isinstance(value, dict):
        return {key: made(each) for key, each in value.items()}
    if isinstance(value, list):
        return [made(each) for each in value]
    return tf.Variable(1.0) if value is VARIABLE else value


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({}, "values"),
        ([VARIABLE], "values"),
        ({"x": 3}, "values.x"),
        ({"x": {"epoch": 3, "v": VARIABLE}}, "values.x.epoch"),
        ({"x": [VARIABLE, [None]]}, r"values.x\[1\]\[0\]"),
        ({"x": {1: VARIABLE}}, "values.x"),
        ({1: VARIABLE}, "values"),
    ],
)
def test_what_would_not_be_saved_is_refused(values, where):
    with pytest.raises(optiplug.ConfigError, match=f"^{where}: "):
        Values(made(values))


def test_seeds_that_tensorflow_does_not_track_are_saved(tmp_path):
    def model():
        layers = [keras.layers.Dropout(0.5), keras.layers.GaussianNoise(1.0)]
        return keras.Sequential([keras.layers.Input((8,)), *layers])

    one, other, ones = model(), model(), tf.ones([3, 8])
    for _ in range(3):
        one(ones, training=True)
    taken = Values({"models": [one]}).snapshot()
    taken.write(f"{tmp_path}/c")
    expected = one(ones, training=True).numpy()

    values = Values({"models": [other]})
    values.snapshot()
    read_all(values.root, f"{tmp_path}/c")
    np.testing.assert_array_equal(other(ones, training=True), expected)


@pytest.mark.parametrize("name", ["save", "read", "root", "write", "save_counter"])
def test_values_may_have_any_name(tmp_path, name):
    taken = Values({name: tf.Variable(1.0)}).snapshot()

    taken.write(f"{tmp_path}/c")

    assert f"{name}/.ATTRIBUTES/VARIABLE_VALUE" in taken.table
    assert tf.train.load_checkpoint(f"{tmp_path}/c").has_tensor(f"{name}/.ATTRIBUTES/VARIABLE_VALUE")


def test_a_snapshot_knows_the_optimizers():
    variable = tf.Variable([1.0, 2.0])
    optimizers = [optiplug.create("adam", use_ema=True, jit_compile=False) for _ in range(2)]
    optimizers[0].build([variable])
    taken = Values({"x": variable, "list": optimizers}).snapshot()

    keys = [f"list/{number}/manifest/.ATTRIBUTES/py_state" for number in (0, 1)]
    assert list(taken.optimizers) == keys
    assert [taken.is_built(key) for key in keys] == [True, False]
    assert taken.state_versions == {"list/0": {"": 1, "ema": 1}, "list/1": {"": 1, "ema": 1}}
    assert taken.table["x/.ATTRIBUTES/VARIABLE_VALUE"] == ("float32", (2,))


@pytest.mark.parametrize(
    ("message", "number"), [("x; No space left on device", errno.ENOSPC), ("it is so", errno.EIO)]
)
def test_errors_of_writing_are_those_of_the_system(monkeypatch, message, number):
    def fail(_, prefix):
        raise tf.errors.ResourceExhaustedError(None, None, message)

    monkeypatch.setattr(module.Snapshot, "write", fail)
    taken = Values({"x": tf.Variable(1.0)}).snapshot()

    with pytest.raises(OSError, match=message.rpartition("; ")[2]) as caught:
        taken.write("somewhere")
    assert (caught.value.errno, caught.value.filename) == (number, "somewhere")
