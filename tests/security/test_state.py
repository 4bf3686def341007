"""What docs/security.md promises of saved state: each sentence there is the name of a test."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import os

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

import optiplug
from optiplug import StateError
from optiplug._tf_private.snapshots import GRAPH_KEY
from security.watching import watched
from support.crafted_checkpoints import (
    Text,
    assert_refused_or_equal,
    at,
    crafted,
    node,
    true_checkpoint,
    variables,
)
from support.project_paths import ROOT

SOURCES = [
    *ROOT.glob("core/optiplug/**/*.py"),
    *ROOT.glob("contrib/optiplug_contrib/**/*.py"),
    *ROOT.glob("plugins/*/optiplug_*/**/*.py"),
]
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "code", "codeop"}
UNSAFE = "import pickle\nfrom marshal import loads\nexec('1')\nnp.load(x, allow_pickle=True)\nmodel.compile()"
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}


def unsafe(tree):
    """Yield what reads values by running them."""
    for each in ast.walk(tree):
        if isinstance(each, ast.Import | ast.ImportFrom):
            named = (
                [each.module or ""]
                if isinstance(each, ast.ImportFrom)
                else [name.name for name in each.names]
            )
            yield from UNSAFE_MODULES & {name.partition(".")[0] for name in named}
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            yield from UNSAFE_CALLS & {each.func.id}
        elif isinstance(each, ast.keyword) and each.arg == "allow_pickle":
            yield each.arg


def test_nothing_is_unpickled(tmp_path):
    assert sorted(unsafe(ast.parse(UNSAFE))) == ["allow_pickle", "exec", "marshal", "pickle"]
    assert len(SOURCES) > 200
    assert [(path.name, *unsafe(ast.parse(path.read_text()))) for path in SOURCES] == [
        (path.name,) for path in SOURCES
    ]
    path = crafted(tmp_path, node(state=node(by_name=variables(STORE)), manifest=Text(manifest())))
    with watched() as done:
        assert assert_refused_or_equal(path, "read_state")
    assert not [event for event, _ in done if event.startswith(("pickle.", "marshal."))]


DESCRIPTION, STORE = true_checkpoint()
KERNEL = "momentum/kernel"
MOMENTS = ["after build", "before build", "read_state"]


def manifest(description=DESCRIPTION):
    return json.dumps(description)


def tree(description=DESCRIPTION, **changes):
    values = {name: value for name, value in {**STORE, **changes}.items() if value is not None}
    return node(state=node(by_name=variables(values)), manifest=Text(manifest(description)))


CRAFTED = {
    "another shape": lambda: tree(**{KERNEL: np.zeros([3, 2], "float32")}),
    "a large shape": lambda: tree(**{KERNEL: np.zeros([1000, 1000], "float32")}),
    "another dtype": lambda: tree(**{KERNEL: np.zeros([2, 2], "float64")}),
    "texts": lambda: tree(**{KERNEL: [["a", "b"], ["c", "d"]]}),
    "one missing": lambda: tree(**{KERNEL: None}),
    "one more": lambda: tree(**{"momentum/more": np.zeros([2], "float32")}),
    "a newer version": lambda: tree(at(("versions", ""), 99)),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("kind", CRAFTED)
def test_state_that_does_not_fit_changes_nothing(tmp_path, kind, moment):
    assert not assert_refused_or_equal(crafted(tmp_path, CRAFTED[kind]()), moment)


class Closed:
    """What has keys, and raises when it is read."""

    def keys(self):
        return ["iterations"]

    def __getitem__(self, name):
        raise OSError("it is closed")


class Raising:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")


HOSTILE = "\x1b[2Jmomentum"
STORES = {
    "nothing": None,
    "a number": 3,
    "a text": "momentum",
    "a list": [1, 2],
    "what is closed": Closed(),
    "numbers as names": {**STORE, 1: np.zeros(2)},
    "names that steer": {**STORE, HOSTILE: np.zeros(2)},
    "objects": {**STORE, KERNEL: np.array([[object()] * 2] * 2)},
    "what raises": {**STORE, KERNEL: Raising()},
    "ragged lists": {**STORE, KERNEL: [[1.0], [1.0, 2.0]]},
    "dates": {**STORE, KERNEL: np.zeros([2, 2], "datetime64[s]")},
    "records": {**STORE, KERNEL: np.zeros([2, 2], [("a", "f4")])},
    "complex numbers": {**STORE, KERNEL: np.zeros([2, 2], "complex64")},
    "another shape": {**STORE, KERNEL: np.zeros([2, 3], "float32")},
    "a rate as counter": {**STORE, "iterations": np.float32(0.5)},
    "a version as text": {**STORE, "state_version": "2"},
    "a version of many digits": {**STORE, "state_version": 10**5000},
    "a negative version": {**STORE, "state_version": np.int64(-1)},
}


@pytest.mark.parametrize("kind", STORES)
def test_no_array_is_loaded_that_does_not_fit(kind):
    model = [tf.Variable(np.zeros([2, 2], "float32"), name="kernel"), tf.Variable([0.0, 0.0], name="bias")]
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    optimizer.build(model)
    before = saved(optimizer)

    with pytest.raises(StateError) as caught:
        optimizer.load_own_variables(STORES[kind])

    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 64_000
    assert all(np.array_equal(before[name], value) for name, value in saved(optimizer).items())


def saved(optimizer):
    store = {}
    optimizer.save_own_variables(store)
    return {name: np.array(value) for name, value in store.items()}


def test_a_pipe_in_place_of_a_file_of_state_makes_nobody_wait(tmp_path):
    for name in ("checkpoint", "saved.index", "saved.data-00000-of-00001"):
        folder = tmp_path / name
        folder.mkdir()
        os.mkfifo(folder / name)
        for path in (folder, folder / "saved"):
            with pytest.raises(StateError, match=r"regular file|no checkpoint"):
                optiplug.read_state(path)


def test_a_name_in_a_report_cannot_control_a_terminal():
    variable = tf.Variable([1.0], name="we\x1b[2J\u202eight")
    optimizer = optiplug.create("sgd", momentum=0.9)
    optimizer.build([variable])

    for report in (optimizer.explain([variable]), optimizer.state_report()):
        assert str(report).replace("\n", "").isprintable()


def graph_of(nodes):
    return trackable_object_graph_pb2.TrackableObjectGraph(nodes=nodes).SerializeToString()


def node_with(**children):
    return {"children": [{"local_name": name, "node_id": number} for name, number in children.items()]}


def key(name):
    return {"attributes": [{"name": "VARIABLE_VALUE", "checkpoint_key": name}]}


SLOT = {"slot_variables": [{"original_variable_node_id": 1, "slot_name": "m", "slot_variable_node_id": 77}]}
VALUE = "weight/.ATTRIBUTES/VARIABLE_VALUE"
GRAPHS = {
    "no graph": b"\xff" * 100,
    "nothing": b"",
    "an object that is not there": graph_of([node_with(weight=99)]),
    "an object before the first": graph_of([node_with(weight=-1)]),
    "a slot that is not there": graph_of([{**node_with(weight=1), **SLOT}, key("weight")]),
    "a circle": graph_of([node_with(weight=0)]),
    "another tensor": graph_of([node_with(weight=1), key(GRAPH_KEY)]),
    "a tensor that is not there": graph_of([node_with(weight=1), key("\x1b[2J")]),
}


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_forged_checkpoint_is_refused(tmp_path, kind):
    weight = tf.Variable([1.0, 2.0])
    steps = optiplug.checkpoint.Checkpoints(tmp_path, {"weight": weight})
    steps.save(1)
    folder = tmp_path / "step-00000001"
    told = optiplug.checkpoint.SavedStep(folder, 1).manifest
    for name in told.files:
        (folder / name).unlink()
    tensors = {GRAPH_KEY: tf.constant(GRAPHS[kind]), VALUE: tf.constant([5.0, 6.0])}
    tf.raw_ops.SaveV2(
        prefix=str(folder / "values"),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=list(tensors.values()),
    )
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
    sums = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    (folder / "manifest.json").write_bytes(dataclasses.replace(told, files=sums).dump())

    with pytest.raises(StateError) as caught:
        steps.restore(step=1)

    assert str(caught.value).replace("\n", "").isprintable()
    assert weight.numpy().tolist() == [1.0, 2.0]
