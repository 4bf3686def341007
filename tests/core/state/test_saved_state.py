"""A checkpoint that is not what an optimizer wrote is refused before anything changes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as values

import optiplug
from optiplug import StateError
from optiplug._tf_private import CheckpointNode, track
from support.optimizer_states import assert_same_state, stored

STATE = {
    "iterations": np.int64(7),
    "learning_rate": np.float32(0.5),
    "momentum/w": np.float32([3.0, 4.0]),
}
DESCRIPTION = {
    "versions": {"": 1},
    "state": {"iterations": ["int64", []], "learning_rate": ["float32", []], "momentum/w": ["float32", [2]]},
    "packs": {},
}


class Text(tf.train.experimental.PythonState):
    """A text in a checkpoint."""

    def __init__(self, text):
        self.text = text

    def serialize(self):
        return self.text

    def deserialize(self, text):
        raise NotImplementedError


def written(folder, state=STATE, manifest=DESCRIPTION):
    """Write a checkpoint with this state and this manifest, each if there is one, as anybody can."""
    optimizer, node, by_name = CheckpointNode(), CheckpointNode(), CheckpointNode()
    if state is not None:
        track(optimizer, "state", node)
        track(node, "by_name", by_name)
        for name, value in state.items():
            track(by_name, name, tf.Variable(value))
    if isinstance(manifest, tf.Variable):
        track(optimizer, "manifest", manifest)
    elif manifest is not None:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        track(optimizer, "manifest", Text(text))
    return tf.train.Checkpoint(optimizer=optimizer).write(str(folder / "checkpoint"))


def sgd(*, built):
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    variables = [tf.Variable([1.0, 2.0], name="w")]
    if built:
        optimizer.build(variables)
    return optimizer, variables


def assert_is_refused(path, match, built):
    optimizer, variables = sgd(built=built)
    model = tf.Variable(1.0)
    before = stored(optimizer)
    with pytest.raises(StateError, match=match):
        tf.train.Checkpoint(optimizer=optimizer, model=model).read(path)
    assert_same_state(stored(optimizer), before)
    optimizer.build(variables)
    values = {name: each.tolist() for name, each in stored(optimizer).items()}
    assert values == {"iterations": 0, "learning_rate": np.float32(0.01), "momentum/w": [0.0, 0.0]}


def test_such_a_checkpoint_is_read_if_it_is_right(tmp_path):
    path = written(tmp_path)
    for built in (True, False):
        optimizer, variables = sgd(built=built)
        status = tf.train.Checkpoint(optimizer=optimizer).read(path)
        optimizer.build(variables)
        status.assert_consumed()
        assert_same_state(stored(optimizer), STATE)


def changed(**parts):
    return {**DESCRIPTION, **parts}


def with_state(name, spec):
    return changed(state={**DESCRIPTION["state"], name: spec})


MALFORMED = {
    "empty": "",
    "no JSON": "{",
    "a number": "1",
    "a list": "[]",
    "deep": "[" * 100_000,
    "no state": {"versions": {}},
    "no versions": {"state": {}},
    "versions in a list": changed(versions=[1]),
    "a version as text": changed(versions={"": "1"}),
    "a flag as version": changed(versions={"": True}),
    "a version of 0": changed(versions={"": 0}),
    "a huge version": changed(versions={"": 10**30}),
    "more digits than Python reads": '{"versions": {"": ' + "9" * 5000 + '}, "state": {}}',
    "state in a list": changed(state=[]),
    "a spec as text": with_state("momentum/w", "float32"),
    "a spec too long": with_state("momentum/w", ["float32", [2], 1]),
    "unknown dtype": with_state("momentum/w", ["float33", [2]]),
    "a number as dtype": with_state("momentum/w", [1, [2]]),
    "a number as shape": with_state("momentum/w", ["float32", 2]),
    "a text as shape": with_state("momentum/w", ["float32", "2"]),
    "a negative size": with_state("momentum/w", ["float32", [-2]]),
    "half a size": with_state("momentum/w", ["float32", [2.5]]),
    "a huge size": with_state("momentum/w", ["float32", [2**70]]),
    "packs in a list": changed(packs=[1]),
    "a pack of nothing": changed(packs={"pack": ["nothing"]}),
    "a pack of a list": changed(packs={"pack": [["momentum/w"]]}),
}


@pytest.mark.parametrize("manifest", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_description_is_refused(manifest, tmp_path):
    path = written(tmp_path, manifest=manifest)
    for built in (True, False):
        assert_is_refused(path, "the description of state in the checkpoint is malformed", built)
    with pytest.raises(StateError, match="the description of state in the checkpoint is malformed"):
        optiplug.read_state(path)


OTHER = "the checkpoint has no state of an optimizer of optiplug in this place; nothing was changed"
TENSORS = "the checkpoint must have the tensors that its description tells; nothing was changed"


def of_tf_keras():
    optimizer = tf_keras.optimizers.SGD(0.1, momentum=0.9, jit_compile=False)
    optimizer.apply_gradients([(tf.ones(2), tf.Variable([1.0, 2.0]))])
    return optimizer


def module(**children):
    node = tf.Module()
    for name, each in children.items():
        setattr(node, name, each)
    return node


FOREIGN = {
    "of tf_keras": of_tf_keras,
    "a module": lambda: module(momentum=tf.Variable([1.0, 2.0])),
    "state that is a variable": lambda: module(state=tf.Variable(1.0)),
    "no manifest": lambda: module(state=module(by_name=module(iterations=tf.Variable(7, dtype=tf.int64)))),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("built", [True, False])
def test_a_checkpoint_of_something_else_is_refused(foreign, built, tmp_path):
    path = tf.train.Checkpoint(optimizer=foreign()).write(str(tmp_path / "checkpoint"))
    assert_is_refused(path, OTHER, built)


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("value", [1.0, ["{}"]], ids=["number", "texts"])
def test_a_description_that_is_a_variable_is_refused(value, built, tmp_path):
    assert_is_refused(written(tmp_path, manifest=tf.Variable(value)), "is malformed", built)


WRONG = {
    "another shape": {"momentum/w": np.zeros(3, "float32")},
    "another dtype": {"momentum/w": np.zeros(2)},
    "a counter in float": {"iterations": np.float32(7)},
    "one more": {"more": np.float32(0)},
}


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_tensors_must_be_as_described(wrong, built, tmp_path):
    assert_is_refused(written(tmp_path, {**STATE, **wrong}), TENSORS, built)


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("left", [[], ["iterations"], None], ids=["none", "one", "no state at all"])
def test_no_tensor_may_be_missing(left, built, tmp_path):
    state = None if left is None else {name: STATE[name] for name in left}
    assert_is_refused(written(tmp_path, state), TENSORS, built)


def test_the_first_of_two_optimizers_waits_for_the_second(tmp_path):
    source, _ = sgd(built=True)
    path = tf.train.Checkpoint(first=source, second=tf.Module()).write(str(tmp_path / "good"))
    other = of_tf_keras()
    path = tf.train.Checkpoint(first=source, second=other).write(str(tmp_path / "checkpoint"))
    source.iterations.assign(0)
    first, second = sgd(built=True)[0], sgd(built=True)[0]
    first.iterations.assign(5)
    with pytest.raises(StateError, match=OTHER):
        tf.train.Checkpoint(first=first, second=second).read(path)
    assert int(first.iterations) == 5


class WrittenForKeras(optiplug.Optimizer):
    """A class that creates its state after `build` of the base."""

    def __init__(self, slot="m"):
        super().__init__("written_for_keras")
        self.slot = slot

    def build(self, var_list):
        super().build(var_list)
        self.m = [self.add_variable_from_reference(each, self.slot) for each in var_list]

    def update_step(self, gradient, variable):
        self.m[0].assign(gradient)


def test_a_class_written_for_keras_is_checked_at_its_first_step(tmp_path):
    weight = tf.Variable([1.0, 2.0], name="w")
    source, same, other = WrittenForKeras(), WrittenForKeras(), WrittenForKeras("another")
    source.build([weight])
    source.m[0].assign([5.0, 6.0])
    path = tf.train.Checkpoint(optimizer=source).write(str(tmp_path / "checkpoint"))
    for optimizer in (same, other):
        tf.train.Checkpoint(optimizer=optimizer).read(path)
    same.build([weight])
    assert same.m[0].numpy().tolist() == [5.0, 6.0]
    same.apply_gradients([(tf.ones(2), weight)])
    for _ in range(2):
        with pytest.raises(StateError, match="saved state must fit"):
            other.apply_gradients([(tf.ones(2), weight)])


JSON = values.recursive(
    values.none() | values.booleans() | values.integers() | values.floats() | values.text(max_size=3),
    lambda each: values.lists(each, max_size=3) | values.dictionaries(values.text(max_size=2), each),
    max_leaves=5,
)
PARTS = values.dictionaries(values.sampled_from(["versions", "state", "packs"]), JSON, min_size=1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifest=JSON | PARTS | PARTS.map(lambda parts: {**DESCRIPTION, **parts}))
def test_whatever_a_description_is_it_is_refused_or_fits(manifest, tmp_path):
    path = written(tmp_path, manifest=json.dumps(manifest))
    optimizer, _ = sgd(built=True)
    try:
        tf.train.Checkpoint(optimizer=optimizer).read(path)
    except StateError:
        assert int(optimizer.iterations) == 0
    else:
        assert_same_state(stored(optimizer), STATE)
