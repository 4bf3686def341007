import pytest
import tensorflow as tf

from optiplug import BuildError, StateError
from optiplug._state.slot import Slot
from optiplug._state.table import SlotSpec, SlotTable
from optiplug._variables.model_variables import ModelVariables
from optiplug._variables.packing import Packing


def table_with(*variables):
    known = ModelVariables()
    for variable in variables:
        known.add(variable)
    return SlotTable(known, Packing()), known


def test_paths_are_names_made_unique_in_order():
    _, parameters = table_with(*(tf.Variable(0.0, name=name) for name in ["a/w", "a/w", "a/w_1", "b"]))
    assert list(parameters.paths.values()) == ["a/w", "a/w_1", "a/w_1_1", "b"]


def test_a_variable_is_taken_in_once():
    variable = tf.Variable(0.0)
    _, parameters = table_with(variable, variable)
    assert len(parameters) == 1
    assert variable in parameters
    assert tf.Variable(0.0) not in parameters


@pytest.mark.parametrize(
    ("options", "shape", "dtype", "value"),
    [
        ({}, (2,), tf.float16, 0.0),
        ({"dtype": tf.float32}, (2,), tf.float32, 0.0),
        ({"dtype": lambda _: tf.float64}, (2,), tf.float64, 0.0),
        ({"shape": ()}, (), tf.float16, 0.0),
        ({"shape": lambda variable: (1, variable.shape[0])}, (1, 2), tf.float16, 0.0),
        ({"initial": 0.5}, (2,), tf.float16, 0.5),
        ({"initial": "variable"}, (2,), tf.float16, 3.0),
        ({"initial": lambda variable: variable * 2}, (2,), tf.float16, 6.0),
    ],
)
def test_what_a_slot_starts_as(options, shape, dtype, value):
    variable = tf.Variable([3.0, 3.0], dtype=tf.float16, name="w")
    table, _ = table_with(variable)
    slot = Slot("average")
    table.add_slot(slot, [variable], SlotSpec(**options), owner="")
    state = slot[variable]
    assert (state.name, state.shape, state.dtype) == ("average/w", shape, dtype)
    assert state.numpy().ravel()[0] == value


def test_a_slot_grows_and_keeps_what_it_has():
    one, other = tf.Variable(0.0, name="one"), tf.Variable(0.0, name="other")
    table, _ = table_with(one, other)
    slot = Slot("momentum")
    table.add_slot(slot, [one], SlotSpec(), owner="")
    slot[one].assign(7.0)
    table.add_slot(slot, [one, other], SlotSpec(), owner="")
    assert [float(state.value) for state in slot] == [7.0, 0.0]


def test_no_state_for_a_stranger():
    with pytest.raises(BuildError, match=r"slot 'momentum' holds no state.*stranger:0.*build the optimizer"):
        Slot("momentum")[tf.Variable(0.0, name="stranger")]


def test_one_name_cannot_be_two_things():
    variable = tf.Variable(0.0)
    table, _ = table_with(variable)
    table.add("average/w", owner="", beside=variable)
    assert table.add("average/w", owner="", beside=variable) is table.states["average/w"]
    with pytest.raises(StateError, match=r"other: state 'average/w' of shape \(\) belongs to ''"):
        table.add("average/w", owner="other", beside=variable)
    with pytest.raises(StateError, match=r"\(3,\)"):
        table.add("average/w", owner="", beside=variable, shape=[3])


def test_a_double_is_not_rounded_on_its_way():
    variable = tf.Variable(0.0)
    table, _ = table_with(variable)
    assert (
        table.add("rate", owner="", beside=variable, dtype=tf.float64, initial=lambda: 0.02).numpy() == 0.02
    )
