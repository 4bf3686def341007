"""The values of objects at one moment: each private name of TensorFlow does what is expected of it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.saved_model import registration

import optiplug
from optiplug import _tf_private as private
from optiplug._tf_private.snapshots import GRAPH_KEY
from support.strategies import mirrored


def things():
    first = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    optimizer = optiplug.create("adam", jit_compile=False)
    optimizer.build([first])
    return {
        "first": first,
        "list": private.wrapped([tf.Variable(1, dtype=tf.int64), tf.Variable("text")]),
        "iterator": iter(tf.data.Dataset.range(9)),
        "generator": tf.random.Generator.from_seed(1),
        "optimizer": optimizer,
    }


def contents(prefix):
    reader = tf.train.load_checkpoint(prefix)
    dtypes = reader.get_variable_to_dtype_map()
    return {key: reader.get_tensor(key) for key in dtypes if dtypes[key] != tf.variant}


def test_a_snapshot_writes_what_tensorflow_writes(tmp_path):
    values = things()

    private.Snapshot(private.root_of(values)).write(f"{tmp_path}/ours")
    tf.train.Checkpoint(**values).write(f"{tmp_path}/theirs")

    ours, theirs = contents(f"{tmp_path}/ours"), contents(f"{tmp_path}/theirs")
    assert ours.keys() == theirs.keys()
    for key in ours.keys() - {GRAPH_KEY}:
        np.testing.assert_array_equal(ours[key], theirs[key])
    lengths = [len(private.SavedGraph.read(f"{tmp_path}/{name}")) for name in ("ours", "theirs")]
    assert lengths[0] == lengths[1]
    tf.train.Checkpoint(**things()).read(f"{tmp_path}/ours").assert_consumed()


@pytest.mark.parametrize("change", ["assign", "assign_add", "scatter_nd_update", "sparse_read"])
def test_a_snapshot_does_not_see_later_values(tmp_path, change):
    variable = tf.Variable([1.0, 2.0, 3.0])
    if change == "sparse_read":
        variable.scatter_nd_update([[0]], [1.0])  # which makes later reads copy, or not
    snapshot = private.Snapshot(private.root_of({"x": variable}))

    if change.startswith("assign"):
        getattr(variable, change)([5.0, 5.0, 5.0])
    else:
        variable.scatter_nd_update([[1]], [7.0])
    snapshot.write(f"{tmp_path}/c")

    assert contents(f"{tmp_path}/c")["x/.ATTRIBUTES/VARIABLE_VALUE"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_snapshot_does_not_see_a_compiled_step(tmp_path, jit_compile):
    variables = [tf.Variable(tf.fill([300, 300], 1.0)), tf.Variable(tf.ones([5]))]
    optimizer = optiplug.create("adam", learning_rate=0.5, jit_compile=jit_compile)
    root = private.root_of({"variables": private.wrapped(variables), "optimizer": optimizer})

    @tf.function(jit_compile=jit_compile)
    def step():
        optimizer.apply_gradients([(tf.ones_like(each), each) for each in variables])

    step()
    private.Snapshot(root).write(f"{tmp_path}/before")
    snapshot = private.Snapshot(root)
    for _ in range(3):
        step()
    snapshot.write(f"{tmp_path}/c")

    found, before = contents(f"{tmp_path}/c"), contents(f"{tmp_path}/before")
    assert found.keys() == before.keys()
    for key, value in found.items():
        if key != GRAPH_KEY:
            np.testing.assert_array_equal(value, before[key])


def test_a_snapshot_is_put_back():
    values = things()
    next(values["iterator"])
    snapshot = private.Snapshot(private.root_of(values))
    drawn = values["generator"].uniform([]).numpy()
    values["first"].assign(tf.zeros([2, 2]))
    values["list"][1].assign("other")
    values["optimizer"].iterations.assign(7)
    next(values["iterator"])

    snapshot.put_back(leave=["optimizer/manifest/.ATTRIBUTES/py_state"])

    assert values["first"].numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert values["list"][1].numpy() == b"text"
    assert int(values["optimizer"].iterations) == 0
    assert int(next(values["iterator"])) == 1
    assert values["generator"].uniform([]).numpy() == drawn


def test_mirrored_variables_are_read_and_put_back():
    with mirrored(2).scope():
        summed = tf.Variable(
            1.0, synchronization=tf.VariableSynchronization.ON_READ, aggregation=tf.VariableAggregation.SUM
        )
        variable = tf.Variable([1.0, 2.0])
    snapshot = private.Snapshot(private.root_of({"x": variable, "y": summed}))
    variable.assign([0.0, 0.0])
    summed.assign(9.0)

    snapshot.put_back()

    assert [each.numpy().tolist() for each in variable.values] == [[1.0, 2.0], [1.0, 2.0]]
    assert float(snapshot.value("y/.ATTRIBUTES/VARIABLE_VALUE")) == float(summed.read_value())


def test_values_of_a_checkpoint_are_read_by_key(tmp_path):
    tf.train.Checkpoint(there=tf.Variable([8.0])).write(f"{tmp_path}/c")
    here = tf.Variable([0.0])

    key = "{}/.ATTRIBUTES/VARIABLE_VALUE"
    private.Snapshot(private.root_of({"here": here})).read(
        f"{tmp_path}/c", {key.format("here"): key.format("there")}
    )

    assert here.numpy().tolist() == [8.0]


def test_objects_have_the_numbers_of_the_graph():
    values = things()
    snapshot = private.Snapshot(private.root_of(values))

    objects = snapshot.objects
    assert objects[snapshot.graph.children(0)["first"]] is values["first"]
    assert len(objects) == len(snapshot.graph)
    number = snapshot.graph.children(0)["optimizer"]
    assert snapshot.graph.below({0}) == set(range(len(snapshot.graph)))
    assert number not in snapshot.graph.below({0}, avoided={number})
    assert snapshot.graph.values(snapshot.graph.children(0)["first"]) == {
        "VARIABLE_VALUE": "first/.ATTRIBUTES/VARIABLE_VALUE"
    }


def test_an_object_with_a_saver_of_its_own_is_refused():
    class Own(tf.Module):
        pass

    registration.register_checkpoint_saver(
        "optiplug_tests",
        name="own",
        predicate=lambda each: isinstance(each, Own),
        save_fn=lambda **_: [],
        restore_fn=lambda **_: None,
        strict_predicate_restore=False,
    )

    with pytest.raises(private.WritesFilesError, match=r"optiplug_tests\.own"):
        private.Snapshot(private.root_of({"own": Own()}))


def test_a_restore_that_waits_is_forgotten(tmp_path):
    saved = tf.Module()
    saved.late = tf.Variable(3.0)
    path = tf.train.Checkpoint(x=saved).write(f"{tmp_path}/late")
    for forgets in (False, True):
        module = tf.Module()
        private.read_all(root := private.root_of({"x": module}), path)
        if forgets:
            private.forget_restore(tf.train.TrackableView(root).descendants(), path)
        module.late = tf.Variable(0.0)
        assert float(module.late) == (0.0 if forgets else 3.0)


@pytest.mark.parametrize(
    "graph", [b"", b"\xff" * 9, b"\n\x06\n\x04\x08\x07\x12\x00"], ids=["empty", "no graph", "7 of 1"]
)
def test_a_graph_that_is_damaged_is_refused(tmp_path, graph):
    names, prefix = [GRAPH_KEY], f"{tmp_path}/saved"
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""], tensors=[tf.constant(graph)])

    with pytest.raises(ValueError, match="the graph of objects"):
        private.SavedGraph.read(prefix)
