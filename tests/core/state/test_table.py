import pytest
import tensorflow as tf

import optiplug
from optiplug import BuildError, StateError
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


@pytest.mark.parametrize("first", ["learning_rate", "iterations", "add_variable"])
def test_counters_come_first_whatever_was_read(first):
    optimizer = optiplug.create("sgd", momentum=0.9)
    if first == "add_variable":
        optimizer.add_variable(name="extra")
    else:
        getattr(optimizer, first)
    optimizer.build([tf.Variable(1.0, name="w")])
    names = list(optimizer.state.states)
    assert names[:2] == ["iterations", "learning_rate"]
    assert names[2:] == [*["extra"] * (first == "add_variable"), "momentum/w"]
    assert [id(each) for each in optimizer.variables] == [
        id(each.variable) for each in optimizer.state.states.values()
    ]
