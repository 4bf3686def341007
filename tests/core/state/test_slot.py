"""A slot has a state for each variable, and starts as it is told."""

import pytest
import tensorflow as tf

import optiplug
from optiplug._state.slot import Slot
from optiplug._state.slot_spec import SlotSpec
from optiplug._state.table import SlotTable
from optiplug._variables.model_variables import ModelVariables
from optiplug._variables.packing import Packing


def table_with(*variables):
    known = ModelVariables()
    for variable in variables:
        known.add(variable)
    return SlotTable(known, Packing()), known


@pytest.mark.parametrize(
    ("options", "shape", "dtype", "value"),
    [
        ({}, (2,), tf.float32, 0.0),
        ({"dtype": tf.float32}, (2,), tf.float32, 0.0),
        ({"dtype": lambda _: tf.float64}, (2,), tf.float64, 0.0),
        ({"shape": ()}, (), tf.float32, 0.0),
        ({"shape": lambda variable: (1, variable.shape[0])}, (1, 2), tf.float32, 0.0),
        ({"initial": 0.5}, (2,), tf.float32, 0.5),
        ({"initial": "variable"}, (2,), tf.float32, 3.0),
        ({"initial": lambda variable: variable * 2}, (2,), tf.float32, 6.0),
    ],
)
def test_what_a_slot_starts_as(options, shape, dtype, value):
    variable = tf.Variable([3.0, 3.0], dtype=tf.float16, name="w")
    table, _ = table_with(variable)
    slot = Slot("average")
    table.add_slot(slot, [variable], SlotSpec(**options), owner="")
    state = slot[variable]
    assert (state.path, state.shape, state.dtype) == ("average/w", shape, dtype)
    assert state.numpy().ravel()[0] == value


def test_a_double_is_not_rounded_on_its_way():
    variable = tf.Variable(0.0)
    table, _ = table_with(variable)
    assert (
        table.add("rate", owner="", beside=variable, dtype=tf.float64, initial=lambda: 0.02).numpy() == 0.02
    )


def test_a_variable_of_keras_has_the_state_of_what_it_wraps():
    import keras

    variable = keras.Variable([1.0, 2.0])
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    optimizer.apply_gradients([(tf.ones(2), variable)])

    assert variable in optimizer.momentum
    assert optimizer.momentum[variable] is optimizer.momentum[variable.value]
    assert keras.Variable([1.0]) not in optimizer.momentum
