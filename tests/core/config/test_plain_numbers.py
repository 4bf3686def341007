"""Numbers of NumPy, TensorFlow and Keras in the place of those of Python."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._config.plain_numbers import Followed, is_variable, plain

FORMS = [np.float32, np.float64, np.asarray, tf.constant, lambda number: tf.constant(number, tf.float64)]


@pytest.mark.parametrize("form", FORMS)
def test_a_scalar_becomes_a_number(form):
    assert plain(form(0.5)) == 0.5
    assert type(plain(form(0.5))) is float


@pytest.mark.parametrize("form", [np.int64, np.uint8, np.asarray, tf.constant])
def test_a_whole_scalar_becomes_a_whole_number(form):
    assert type(plain(form(3))) is int


@pytest.mark.parametrize("form", [np.bool_, np.asarray, tf.constant])
def test_a_truth_value_stays_one(form):
    assert plain(form(True)) is True


@pytest.mark.parametrize("value", [None, "text", 0.5, (1, 2), {"use": "sgd"}, len])
def test_anything_else_is_left_alone(value):
    assert plain(value) is value


def test_a_tensor_without_a_value_is_left_alone():
    def trace(tensor):
        assert plain(tensor) is tensor
        return tensor

    tf.function(trace, autograph=False)(tf.constant(0.5))


@pytest.mark.parametrize("make", [tf.Variable, keras.Variable])
def test_a_variable_is_followed(make):
    variable = make(0.5)
    assert plain(variable) is variable
    assert is_variable(variable)
    followed = Followed(variable)
    variable.assign(0.25)
    assert followed.now == 0.25
    assert followed == Followed(variable) != Followed(make(0.25))
    assert hash(followed) == hash(Followed(variable))
    assert repr(followed) == repr(variable)


@pytest.mark.parametrize("form", [np.asarray, tf.constant])
def test_arrays_become_lists_of_numbers(form):
    drops = optiplug.create("piecewise_constant", boundaries=form([3, 6]), values=form([0.5, 0.25, 0.125]))
    assert drops.config.dump()["boundaries"] == [3, 6]
    assert drops.config.dump()["values"] == [0.5, 0.25, 0.125]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("field", ["learning_rate", "momentum", "weight_decay", "clipnorm"])
@pytest.mark.parametrize("make", [tf.Variable, keras.Variable])
def test_every_step_reads_a_variable_in_any_field(make, field):
    given = {"learning_rate": 1.0, "momentum": 0.5, field: 0.5}
    follows, once, later = (
        optiplug.create("sgd", **{**given, field: value}) for value in (make(0.5), 0.5, 0.25)
    )
    model = {each: tf.Variable(4.0) for each in (follows, once, later)}
    steps = list(model.items())
    for optimizer, weight in steps:
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(model[follows]) == float(model[once])
    getattr(follows.config, field)().assign(0.25)
    before = float(model[follows])
    for optimizer, weight in steps:
        weight.assign(before)
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(model[follows]) != float(model[once])
    assert follows.trace_count == 1
    assert follows.get_config()[field] == 0.25


@pytest.mark.parametrize("value", [-0.5, float("nan"), [0.5, 0.5], True, "text"])
def test_a_variable_that_is_no_rate_is_refused(value):
    with pytest.raises(optiplug.ConfigError, match="learning_rate: must be"):
        optiplug.create("sgd", learning_rate=tf.Variable(value))


def test_a_field_without_a_schedule_follows_no_variable():
    with pytest.raises(optiplug.ConfigError, match="value: must be a number"):
        optiplug.create("constant", value=tf.Variable(0.5))
