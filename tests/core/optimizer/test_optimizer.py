import copy
import json
import pickle

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD


def one_step(optimizer, gradient=1.0, start=1.0):
    variable = tf.Variable(start)
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return float(variable)


def test_the_config_is_plain_json_and_follows_the_rate():
    schedule = {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}
    optimizer = SGD(0.5, momentum=schedule, processors=[{"use": "clip_by_value", "max_value": 1.0}])
    one_step(optimizer)
    optimizer.learning_rate = 0.25
    config = json.loads(json.dumps(optimizer.get_config(), allow_nan=False))
    assert config["learning_rate"] == 0.25
    assert SGD.from_config(config).get_config() == optimizer.get_config()


def test_an_unknown_argument_of_apply_gradients_is_refused():
    with pytest.raises(TypeError, match=r"takes no such arguments.*'aggregat'"):
        SGD().apply_gradients([(tf.constant(1.0), tf.Variable(1.0))], aggregat=False)


def test_its_name_is_given_registered_or_that_of_the_class():
    class Own(optiplug.Optimizer):
        def update_step(self, gradient, variable): ...

    assert [SGD(name="first").name, SGD().name, Own().name, Own("own").name] == ["first", "sgd", "Own", "own"]


def test_double_precision_uses_the_rate_as_given():
    variable = tf.Variable(1.0, dtype=tf.float64)
    SGD(0.1).apply_gradients([(tf.constant(1.0, tf.float64), variable)])
    assert float(variable) == 0.9


def test_keras_3_variables_are_taken_by_their_path():
    import keras

    layer = keras.layers.Dense(1, name="head")
    layer.build((None, 2))
    optimizer = SGD(0.5, momentum=0.9)
    optimizer.apply_gradients([(tf.ones(each.shape), each) for each in layer.trainable_variables])
    assert {"momentum/head/kernel", "momentum/head/bias"} <= set(optimizer.state.states)
    np.testing.assert_array_equal(layer.bias, [-0.5])


def test_an_optimizer_says_why_it_has_no_copy():
    optimizer = SGD(0.1, momentum=0.9)
    one_step(optimizer)
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"cannot be copied or pickled.*get_config"):
            copied(optimizer)


def test_the_constraint_of_a_keras_variable():
    import keras

    variable = keras.Variable([3.0, 4.0])
    variable.constraint = keras.constraints.UnitNorm(axis=0)
    optimizer = optiplug.create("sgd", learning_rate=0.0)
    for _ in range(2):  # once as the one that it is built with, once as one that it knows
        variable.assign([3.0, 4.0])
        optimizer.apply_gradients([(tf.ones(2), variable)])
        np.testing.assert_allclose(variable.numpy(), [0.6, 0.8], rtol=1e-6)
