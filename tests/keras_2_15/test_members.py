"""The list of members is that of tf_keras, and each member has the parameters that it has there."""

from __future__ import annotations

import inspect

import pytest
import tf_keras

from keras_2_15.members import MEMBERS, rows
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD

BASE = tf_keras.optimizers.Optimizer


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_each_has_a_test_named_after_it_that_says_what_it_does():
    found = list(rows())
    assert [row.member for row in found] == [each for group in MEMBERS.values() for each in group]
    assert all(row.behaviour.endswith(".") for row in found)


def test_the_arguments_are_those_of_tf_keras():
    assert [each for each in MEMBERS["arguments"] if each != "mesh"] == parameters(BASE.__init__)


def test_the_methods_and_attributes_are_those_of_tf_keras():
    public = {name for name in dir(BASE) if not name.startswith("_")}
    assert public == {*MEMBERS["methods"], *MEMBERS["attributes"], "lr"}  # `lr` is not in the documentation


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@pytest.mark.parametrize("method", MEMBERS["methods"])
def test_the_parameters_are_those_of_tf_keras(method, optimizer):
    ours, theirs = (inspect.signature(getattr(owner, method)).parameters for owner in (optimizer, BASE))
    assert list(ours)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].kind == parameter.kind
        if parameter.default is not parameter.empty:
            assert ours[name].default == parameter.default


def test_the_defaults_are_those_of_tf_keras():
    fields = SGD.Config.model_fields
    theirs = inspect.signature(tf_keras.optimizers.SGD.__init__).parameters
    given = {name: each.default for name, each in theirs.items() if each.default is not each.empty}
    del given["name"]  # ours is registered as "sgd"
    assert {name: fields[name].default for name in given} == given
