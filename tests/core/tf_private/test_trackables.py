"""Objects in checkpoints: each private name of TensorFlow is there, and does what is expected of it."""

from __future__ import annotations

import ast

import numpy as np
import pytest
import tensorflow as tf

from optiplug import _tf_private as private
from support.project_paths import ROOT


class Number(private.CheckpointValue):
    def __init__(self, value):
        self.held = tf.constant(value)

    @property
    def path(self):
        return "number"

    @property
    def saved_dtype(self):
        return self.held.dtype

    @property
    def device(self):
        return self.held.device

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


def test_private_names_are_in_this_one_room():
    found = [
        (path.name, name)
        for path in (ROOT / "core" / "optiplug").rglob("*.py")
        for name in private_names(path.read_text())
        if path.parent.name != "_tf_private"
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


def test_a_shard_knows_its_whole():
    shards = [tf.Variable([1.0]), tf.Variable([2.0])]
    whole = private.ShardedVariable(shards)
    assert private.sharded_whole(shards[1]) is whole
    assert private.sharded_whole(tf.Variable([1.0])) is None
