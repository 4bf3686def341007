"""The variables of a model, by paths that are unique."""

import tensorflow as tf

from optiplug._state.table import SlotTable
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
