"""The parts of an optimizer are behind one name, so a class of a user's own has all others."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import OptimizerParts, parts_of
from optiplug._state.saved_state import MANIFEST, STATE

# What Keras and TensorFlow themselves call, whoever sets it.
CALLED = {"aggregate_gradients", "apply_gradients", "build", "update_step"}
CALLED |= {"_maybe_initialize_trackable", "_trackable_children"}
USUAL = {
    "_step",
    "_rate",
    "_plan",
    "_state",
    "_slots",
    "_variables",
    "_parts",
    "branch",
    "parameters",
    "owner",
}
NAMES = {name for name in dir(optiplug.Optimizer) if not name.startswith("__")}
FREE = sorted((NAMES | USUAL | {each for each in vars(OptimizerParts) if not each.startswith("__")}) - CALLED)
INHERITED = {name: getattr(tf.Module, name, None) for name in NAMES}
OF_TENSORFLOW = [
    name
    for name, member in sorted(INHERITED.items())
    if isinstance(member, property) and getattr(getattr(optiplug.Optimizer, name), "fset", name) is None
]


def with_attribute(name, value):
    class Own(optiplug.Optimizer):
        def __init__(self):
            super().__init__("own")
            setattr(self, name, value)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient / getattr(self, name))

    return Own()


@pytest.mark.sampled(11)
@pytest.mark.parametrize("name", [name for name in FREE if name not in OF_TENSORFLOW])
def test_an_attribute_of_a_user_may_have_any_name(name):
    weight = tf.Variable([1.0])
    if name == "iterations":
        with pytest.raises(optiplug.ConfigError, match="iterations"):
            with_attribute(name, 2.0)
        return
    with_attribute(name, 2.0).apply_gradients([(tf.constant([1.0]), weight)])
    assert weight.numpy() == [0.5]


@pytest.mark.parametrize("name", OF_TENSORFLOW)
def test_a_property_of_tensorflow_is_refused_by_name(name):
    with pytest.raises(optiplug.ConfigError, match=f"'{name}' is a property of tf.Module"):
        with_attribute(name, 2.0)


@pytest.mark.parametrize("name", [STATE, MANIFEST])
def test_a_variable_takes_no_place_of_state_in_checkpoints(name):
    optimizer = with_attribute(name, tf.Variable(2.0))
    with pytest.raises(optiplug.ConfigError, match=f"attribute '{name}' cannot hold variables"):
        optimizer.apply_gradients([(tf.constant([1.0]), tf.Variable([1.0]))])


@pytest.mark.parametrize("shape", [lambda own: own, lambda own: [own], lambda own: {"a": own}])
def test_other_attributes_are_saved_beside_the_state(shape, tmp_path):
    optimizer = with_attribute("kept", shape(tf.Variable(2.0)))
    optimizer.build([tf.Variable([1.0])])
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    keys = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    assert any(key.startswith("optimizer/kept") for key in keys)
    assert "optimizer/state/by_name/iterations/.ATTRIBUTES/VARIABLE_VALUE" in keys


def test_a_constructor_that_forgets_its_base_is_told():
    class Forgets(optiplug.Optimizer):
        def __init__(self):
            self.rate_of_mine = 2.0

        def update_step(self, gradient, variable):
            raise NotImplementedError

    with pytest.raises(optiplug.BuildError, match=r"Forgets must call `super\(\)\.__init__\(\.\.\.\)` first"):
        Forgets().apply_gradients([(tf.constant([1.0]), tf.Variable([1.0]))])


def test_nothing_of_the_parts_is_tracked_but_state_and_manifest():
    optimizer = optiplug.create("sgd", momentum=0.9, use_ema=True, processors=["skip_non_finite"])
    optimizer.build([tf.Variable([1.0])])
    assert set(optimizer._trackable_children()) == {STATE, MANIFEST}
    assert parts_of(optimizer).pipeline.processors.keys() == {"skip_non_finite", "ema"}


def test_a_learning_rate_comes_into_being_by_setting_it():
    class Plain(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(self.rate(variable) * gradient)

    optimizer, weight = Plain("plain"), tf.Variable(1.0)
    with pytest.raises(AttributeError, match="plain has no learning rate"):
        _ = optimizer.learning_rate
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert (float(weight), float(optimizer.learning_rate)) == (0.5, 0.5)
