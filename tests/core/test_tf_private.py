"""Each private name of TensorFlow that the core rests on is there, and does what is expected of it."""

from __future__ import annotations

import ast

import numpy as np
import pytest
import tensorflow as tf

from optiplug import _tf_private as private
from support.project_paths import ROOT
from support.strategies import mirrored


class Number(private.CheckpointValue):
    def __init__(self, value):
        self.held = tf.constant(value)

    @property
    def path(self):
        return "number"

    def read_value(self):
        return self.held

    def restore(self, value):
        self.held = value


def test_a_child_is_tracked_under_a_name_that_is_no_attribute(tmp_path):
    parent, child = tf.Module(), tf.Variable(1.0)
    private.track(parent, "a/b", child)
    assert private.children_of(parent)["a/b"] is child
    path = tf.train.Checkpoint(parent=parent).write(str(tmp_path / "c"))
    assert (
        "parent/a.Sb/.ATTRIBUTES/VARIABLE_VALUE" in tf.train.load_checkpoint(path).get_variable_to_shape_map()
    )


def test_a_node_has_other_children_in_a_saved_model(tmp_path):
    shown, hidden = tf.Variable(1.0), tf.Variable(2.0)
    node = private.CheckpointNode(lambda: {"shown": private.saved_dict({"x": shown})})
    private.track(node, "hidden", hidden)
    module = tf.Module()
    module.node = node
    tf.saved_model.save(module, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.node.shown["x"].numpy() == 1.0
    assert not hasattr(loaded.node, "hidden")
    assert set(private.children_of(node)) == {"hidden"}


def test_a_value_is_saved_and_restored_as_a_variable_is(tmp_path):
    path = tf.train.Checkpoint(x=Number([1.0, 2.0])).write(str(tmp_path / "c"))
    number, variable = Number([0.0, 0.0]), tf.Variable([0.0, 0.0])
    tf.train.Checkpoint(x=number).read(path).assert_consumed()
    tf.train.Checkpoint(x=variable).read(path).assert_consumed()
    np.testing.assert_array_equal(number.held, variable)


def test_xla_is_asked_for_its_kernels():
    assert private.xla_compiles("MatMul", "CPU")
    assert not private.xla_compiles("PyFunc", "CPU")


def test_a_variable_is_created_in_any_trace_of_a_function():
    created = []

    @tf.function
    def create(number):
        with private.outside_function():
            if len(created) < number:
                created.append(tf.Variable(float(number)))
        return number

    for number in (1, 2):
        create(number)
    assert [float(each) for each in created] == [1.0, 2.0]


class Sevens(private.TensorStandIn):
    def read_value(self):
        return tf.fill([2], 7.0)


def test_a_stand_in_is_a_tensor_and_a_dependency():
    thing = Sevens()
    assert tf.is_tensor(thing)

    @tf.function
    def depend():
        with tf.control_dependencies([thing]):
            return tf.no_op().control_inputs[0].type

    assert depend() is not None


def test_a_stand_in_is_an_argument_by_itself():
    traced = []

    @tf.function
    def function(thing):
        traced.append(thing)
        return thing.read_value()

    one, other = Sevens(), Sevens()
    for each in (one, other, one, other):
        function(each)
    assert traced == [one, other]
    kind = one.__tf_tracing_type__(None)
    assert kind.most_specific_common_supertype([kind]) is kind
    assert kind.most_specific_common_supertype([other.__tf_tracing_type__(None)]) is None


def test_a_stand_in_says_itself_what_it_is():
    with pytest.raises(NotImplementedError):
        private.TensorStandIn().read_value()


def test_a_plain_variable_under_a_strategy_and_in_a_function():
    made = []

    @tf.function
    def function(number):
        if len(made) < number:
            made.append(private.plain_variable([2], tf.float32, "CPU:1", "plain"))
        return number

    with mirrored(2).scope():
        for number in (1, 2):
            function(number)
    assert [each.device[-5:] for each in made] == ["CPU:1", "CPU:1"]
    assert not any(hasattr(each, "values") for each in made)


def test_constructs_around_a_graph_are_told_apart():
    told = []

    @tf.function
    def outer():
        step = tf.compat.v1.get_default_graph()

        def tell():
            told.append(private.branching(tf.compat.v1.get_default_graph(), step))
            return tf.constant(1)

        tf.cond(tf.constant(True), tell, tell)
        tf.while_loop(lambda count: count < 1, lambda count: count + tell(), [tf.constant(0)])
        tf.function(tell, autograph=False)()
        tell()

    outer()
    assert told[:3] == [["tf.cond"], ["tf.cond"], ["a loop"]]
    assert told[-2][0].startswith("the function ")
    assert told[-1] == []


def test_what_a_function_uses_is_seen():
    used, other = tf.Variable(1.0), tf.Variable(1.0)
    graph = tf.function(lambda: used + 1.0).get_concrete_function().graph
    assert private.captured_by(graph, [other, used])
    assert not private.captured_by(graph, [other])


def test_a_variable_has_a_key_of_its_own():
    one, other = tf.Variable(1.0), tf.Variable(1.0)
    assert private.unique_id(one) == private.unique_id(one) != private.unique_id(other)


def test_a_converted_function_decides_by_tensors():
    def absolute(value):
        if value < 0:
            return -value
        return value

    traced = tf.function(private.converted(absolute), autograph=False)
    assert float(traced(tf.constant(-2.0))) == 2.0


def test_a_tensor_of_another_function_is_known_by_its_error():
    kept = []
    tf.function(lambda: kept.append(tf.constant(1.0)))()
    with pytest.raises((TypeError, ValueError)) as caught:
        tf.function(lambda: kept[0] + 1.0)()
    assert private.is_out_of_scope(caught.value)
    assert not private.is_out_of_scope(TypeError("another"))


def test_private_names_are_in_this_one_file():
    found = [
        (path.name, name)
        for path in (ROOT / "core" / "optiplug").rglob("*.py")
        for name in private_names(path.read_text())
        if path.name != "_tf_private.py"
    ]
    assert found == []
    assert set(private_names("import tensorflow.python.x\ntf.__internal__.y\na._track_trackable()")) == {
        "tensorflow.python.x",
        "__internal__",
        "_track_trackable",
    }


def private_names(text):
    names = {"__internal__", "_track_trackable", "_trackable_children", "_serialize_to_tensors"}
    names |= {"_as_graph_element", "__tf_tracing_type__", "external_captures", "outer_graph"}
    names |= {"_variable_creator_stack", "_restore_from_tensors", "_copy_trackable_to_cpu"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            yield from (module for module in modules if module.startswith("tensorflow.python"))
        elif isinstance(node, ast.Attribute) and node.attr in names:
            yield node.attr
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            yield node.name


class Asked(private.RestoredOnRelease, tf.Module):
    """An object with a child that waits, which writes down what it is asked."""

    _waits = "held"

    def __init__(self, refuse=()):
        super().__init__()
        self.asked, self.refuse = (), refuse
        self.held, self.free = tf.Variable(1.0), tf.Variable(2.0)

    def _before_restore(self, child, saved):
        self.asked = (*self.asked, (child, sorted(saved.children), saved.children["held"].key))
        if child in self.refuse:
            raise ValueError(child)


def test_a_child_waits_until_it_is_released(tmp_path):
    source = Asked()
    source.held.assign(3.0)
    source.free.assign(4.0)
    path = tf.train.Checkpoint(x=source).write(str(tmp_path / "c"))
    target = Asked()
    status = tf.train.Checkpoint(x=target).read(path)
    assert (float(target.held), float(target.free)) == (1.0, 4.0)
    assert target.asked == (("held", ["free", "held"], "x/held/.ATTRIBUTES/VARIABLE_VALUE"),)
    assert private.release(target, target.held)
    assert not private.release(target, target.held)
    status.assert_consumed()
    assert float(target.held) == 3.0


def test_nothing_is_restored_where_an_object_refuses(tmp_path):
    source, target = Asked(), Asked(refuse=["held"])
    source.free.assign(4.0)
    path = tf.train.Checkpoint(x=source, y=tf.Variable(5.0)).write(str(tmp_path / "c"))
    other = tf.Variable(0.0)
    with pytest.raises(ValueError, match="held"):
        tf.train.Checkpoint(x=target, y=other).read(path)
    assert (float(target.held), float(target.free), float(other)) == (1.0, 2.0, 0.0)
    assert not private.release(target, target.held)


def test_a_graph_with_those_around_it():
    found = []

    def look():
        found.append([each.name for each in private.with_outer(tf.compat.v1.get_default_graph())])
        return tf.constant(0)

    @tf.function(autograph=False)
    def inner():
        return tf.cond(tf.constant(True), look, look)

    @tf.function(autograph=False)
    def outer():
        look()
        return inner()

    outer()
    assert found[0] == ["outer"]
    assert found[1][1:] == ["inner", "outer"]
    assert private.with_outer(graph := tf.Graph()) == [graph]
