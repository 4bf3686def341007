"""All is restored, or nothing, and what TensorFlow breaks off is put back."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.experimental import dtensor

import optiplug
from optiplug._tf_private import Snapshot
from optiplug.checkpoint import restoring
from optiplug.checkpoint.checkpoints import Checkpoints
from optiplug.checkpoint.manifest import Manifest
from optiplug.checkpoint.steps import MANIFEST, saved_steps
from optiplug.errors import (
    CorruptCheckpointError,
    MismatchedCheckpointError,
    MissingPluginStateError,
    NewerCheckpointError,
)
from support.meshes import laid_out, mesh, whole
from support.strategies import mirrored


def training(*, name="sgd", build=True, keras_model=None, **options):
    """Return what a loop has: a model, its optimizer, an iterator, a generator, and a list."""
    if keras_model is None:
        kernel, bias = tf.Variable(tf.ones([2, 3]), name="kernel"), tf.Variable(tf.zeros([3]), name="bias")
        model = {"kernel": kernel, "bias": bias}
        variables = [kernel, bias]
    else:
        model = keras_model.Sequential([keras_model.layers.Input((2,)), keras_model.layers.Dense(3)])
        variables = model.trainable_variables
    optimizer = optiplug.create(
        name, jit_compile=False, **({"momentum": 0.9} if name == "sgd" else {}), **options
    )
    if build:
        optimizer.build(variables)
    return {
        "model": model,
        "optimizer": optimizer,
        "iterator": iter(tf.data.Dataset.range(50).shuffle(7, seed=3)),
        "generator": tf.random.Generator.from_seed(5),
        "list": [tf.Variable(1, dtype=tf.int64)],
    }


# Keras numbers the names of layers anew, so that TensorFlow restores what is read at once otherwise.
WAYS = {"at once": (Snapshot, "read", None), "by TensorFlow": (restoring, "read_all", keras)}


def variables_of(values):
    model = values["model"]
    return list(model.values()) if isinstance(model, dict) else model.trainable_variables


def step(values):
    gradients = [tf.ones_like(each) * 0.1 for each in variables_of(values)]
    values["optimizer"].apply_gradients(zip(gradients, variables_of(values), strict=True))
    next(values["iterator"])
    values["generator"].uniform([])
    values["list"][0].assign_add(1)


def told(values):
    """Return all numbers, and change none; the iterator and the generator are asked after a restore only."""
    store = {}
    values["optimizer"].save_own_variables(store)
    weights = [each.numpy().tolist() for each in variables_of(values)]
    # In their order, since Keras numbers names anew.
    return weights, [each.tolist() for each in store.values()], int(values["list"][0])


def drawn(values):
    return int(next(values["iterator"])), float(values["generator"].uniform([]))


@pytest.mark.parametrize("keras_model", [None, keras, tf_keras], ids=["plain", "keras", "tf_keras"])
def test_a_loop_goes_on_bit_for_bit(tmp_path, keras_model):
    values = training(keras_model=keras_model)
    step(values)
    Checkpoints(tmp_path, values).save(1)
    saved = told(values)
    step(values)
    expected = told(values), drawn(values)

    again = training(keras_model=keras_model)
    Checkpoints(tmp_path, again).restore()
    assert told(again) == saved
    step(again)
    assert (told(again), drawn(again)) == expected


def test_tensorflow_reads_what_was_saved(tmp_path):
    values = training()
    step(values)
    path = Checkpoints(tmp_path, values).save(1)

    other = training()
    tf.train.Checkpoint(**other).read(str(path / "values")).assert_consumed()

    assert told(other) == told(values)


def test_mirrored_variables_go_on_with_one_device(tmp_path):
    with mirrored(2).scope():
        variable = tf.Variable([1.0, 2.0], name="x")
        optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
        optimizer.build([variable])
    optimizer.momentum[variable].assign([3.0, 4.0])
    Checkpoints(tmp_path, {"x": variable, "optimizer": optimizer}).save(1)

    single = tf.Variable([0.0, 0.0], name="x")
    other = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    other.build([single])
    Checkpoints(tmp_path, {"x": single, "optimizer": other}).restore()

    assert single.numpy().tolist() == [1.0, 2.0]
    assert other.momentum[single].numpy().tolist() == [3.0, 4.0]


def test_one_device_goes_on_with_mirrored_variables(tmp_path):
    single = tf.Variable([1.0, 2.0], name="x")
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    optimizer.build([single])
    optimizer.momentum[single].assign([3.0, 4.0])
    Checkpoints(tmp_path, {"x": single, "optimizer": optimizer}).save(1)

    with mirrored(2).scope():
        variable = tf.Variable([0.0, 0.0], name="x")
        other = optiplug.create("sgd", momentum=0.9, jit_compile=False)
        other.build([variable])
    Checkpoints(tmp_path, {"x": variable, "optimizer": other}).restore()

    assert [each.numpy().tolist() for each in variable.values] == 2 * [[1.0, 2.0]]
    assert [each.numpy().tolist() for each in other.momentum[variable].components] == 2 * [[3.0, 4.0]]


def test_state_follows_variables_whose_names_changed_places(tmp_path):
    def made(first, second):
        model = [tf.Variable([1.0, 2.0], name=first), tf.Variable([3.0, 4.0], name=second)]
        optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
        optimizer.build(model)
        return {"model": model, "optimizer": optimizer}

    values, other = made("x", "y"), made("y", "x")
    values["optimizer"].momentum[values["model"][0]].assign([5.0, 6.0])
    Checkpoints(tmp_path, values).save(1)
    Checkpoints(tmp_path, other).restore()

    assert other["optimizer"].momentum[other["model"][0]].numpy().tolist() == [5.0, 6.0]
    assert other["optimizer"].momentum[other["model"][1]].numpy().tolist() == [0.0, 0.0]


@pytest.mark.parametrize("weights_only", [False, True])
def test_variables_that_are_split_over_a_mesh(tmp_path, weights_only):
    value = np.arange(12, dtype="float32").reshape(4, 3)
    variable = dtensor.DVariable(laid_out(mesh(2), value, ["x"]))
    checkpoints = Checkpoints(tmp_path, {"x": variable})
    checkpoints.save(1)
    variable.assign(laid_out(mesh(2), 0 * value, ["x"]))

    checkpoints.restore(weights_only=weights_only)

    np.testing.assert_array_equal(whole(variable), value)
    assert variable.layout == dtensor.fetch_layout(laid_out(mesh(2), value, ["x"]))


def wider(values):
    values["model"]["bias"] = tf.Variable(tf.zeros([4]))


def other_dtype(values):
    values["list"][0] = tf.Variable(1.0)


@pytest.mark.parametrize(
    ("options", "change", "error", "match"),
    [
        ({}, wider, MismatchedCheckpointError, r"model/bias\S+\s+float32 \(3,\)\s+float32 \(4,\)"),
        ({}, other_dtype, MismatchedCheckpointError, r"list/0\S+\s+int64 \(\)\s+float32 \(\)"),
        ({}, lambda each: each["list"].append(tf.Variable(1.0)), MismatchedCheckpointError, r"list/1\S+\s+-"),
        ({}, lambda each: each.pop("list"), MismatchedCheckpointError, r"list/0\S+\s+int64 \(\)\s+-"),
        ({}, lambda each: each.pop("optimizer"), MismatchedCheckpointError, "optimizer/"),
        ({"build": False}, lambda _: None, MismatchedCheckpointError, "is not built"),
        ({"name": "adam"}, lambda _: None, optiplug.StateError, "second_moment/kernel"),
    ],
)
def test_what_does_not_fit_changes_nothing(tmp_path, options, change, error, match):
    values = training()
    step(values)
    Checkpoints(tmp_path, values).save(1)
    other = training(**options)
    given = dict(other)
    change(given)
    before = told(other)

    with pytest.raises(error, match=match):
        Checkpoints(tmp_path, given).restore()

    assert told(other) == before
    assert drawn(other) == drawn(training())


def test_state_of_a_plugin_that_is_missing(tmp_path):
    Checkpoints(tmp_path, training(use_ema=True)).save(1)

    with pytest.raises(MissingPluginStateError, match="state of ema, which the optimizer does not have"):
        Checkpoints(tmp_path, training()).restore()


class Later(optiplug.Optimizer):
    """Descent with a velocity, which version 1 called speed."""

    class Config(optiplug.OptimizerConfig):
        """Version 2."""

        state_version = 2
        learning_rate: float = 0.1

        @classmethod
        def migrate_state(cls, version, values):
            assert version == 1
            return {name.replace("speed/", "velocity/"): each for name, each in values.items()}

    slot = "velocity"

    def build(self, var_list):
        super().build(var_list)
        self.velocity = self.add_slot(self.slot)

    def update_step(self, gradient, variable):
        variable.assign_sub(self.velocity[variable])


class Earlier(Later):
    """Version 1."""

    class Config(optiplug.OptimizerConfig):
        """Version 1."""

        learning_rate: float = 0.1

    slot = "speed"


def test_state_of_an_older_version_is_migrated(tmp_path):
    made = {cls: (tf.Variable([0.0, 0.0], name="x"), cls()) for cls in (Earlier, Later)}
    for variable, optimizer in made.values():
        optimizer.build([variable])
    variable, optimizer = made[Earlier]
    optimizer.velocity[variable].assign([1.0, 2.0])
    optimizer.iterations.assign(7)
    Checkpoints(tmp_path / "1", {"x": variable, "optimizer": optimizer}).save(1)

    variable, optimizer = made[Later]
    values = {"x": variable, "optimizer": optimizer}
    Checkpoints(tmp_path / "1", values).restore()

    assert optimizer.velocity[variable].numpy().tolist() == [1.0, 2.0]
    assert int(optimizer.iterations) == 7
    Checkpoints(tmp_path / "2", values).save(1)
    variable, optimizer = made[Earlier]
    with pytest.raises(NewerCheckpointError, match="version 2, newer than 1"):
        Checkpoints(tmp_path / "2", {"x": variable, "optimizer": optimizer}).restore()


def test_values_that_the_manifest_does_not_tell_are_found(tmp_path):
    values = training()
    path = Checkpoints(tmp_path, values).save(1)
    manifest = saved_steps(tmp_path)[0].manifest
    key = "model/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    tables = {"values": {**manifest.table, key: ("float32", (3, 2))}}
    forged = Manifest(**{**vars(manifest), "tables": tables})
    (path / MANIFEST).write_bytes(forged.dump())

    with pytest.raises(CorruptCheckpointError, match=r"that the manifest tells.*model/kernel"):
        Checkpoints(tmp_path, values).restore()


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ValueError("broken off"), CorruptCheckpointError),
        (tf.errors.DataLossError(None, None, "lost"), CorruptCheckpointError),
        (optiplug.StateError("does not fit"), optiplug.StateError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=repr,
)
@pytest.mark.parametrize("way", WAYS)
def test_what_tensorflow_breaks_off_is_put_back(tmp_path, monkeypatch, error, raised, way):
    owner, name, keras_model = WAYS[way]
    values = training(keras_model=keras_model)
    step(values)
    Checkpoints(tmp_path, values).save(1)
    other = training(keras_model=keras_model)
    before = told(other)
    read = getattr(owner, name)

    def break_off(*arguments):
        read(*arguments)
        assert told(other) != before
        raise error

    monkeypatch.setattr(owner, name, break_off)
    with pytest.raises(raised):
        Checkpoints(tmp_path, other).restore()

    assert told(other) == before
    assert drawn(other) == drawn(training())


@pytest.mark.parametrize("keras_model", [None, keras, tf_keras], ids=["plain", "keras", "tf_keras"])
def test_only_weights_are_restored(tmp_path, keras_model):
    values = training(keras_model=keras_model)
    step(values)
    Checkpoints(tmp_path, values, identity={"config": 1}).save(1)
    other = training(name="adam", keras_model=keras_model)
    del other["list"]
    before = told({**other, "list": [0]})

    restored = Checkpoints(tmp_path, other, identity={"config": 2}).restore(weights_only=True)

    weights, state, _ = told({**other, "list": [0]})
    assert weights == told(values)[0] != before[0]
    assert state == before[1]
    assert drawn(other) == drawn(training())
    assert "list/0/.ATTRIBUTES/VARIABLE_VALUE" in restored.unused
    assert any(key.startswith("optimizer/state") for key in restored.unused)
    assert not any(key.startswith("model") for key in restored.unused)


def test_weights_of_another_shape_are_refused(tmp_path):
    values = training()
    Checkpoints(tmp_path, values).save(1)
    wider(values)

    with pytest.raises(MismatchedCheckpointError, match="model/bias"):
        Checkpoints(tmp_path, values).restore(weights_only=True)


def test_a_later_variable_gets_nothing_of_a_refused_restore(tmp_path):
    model, late = {"kernel": tf.Variable([1.0], name="kernel")}, tf.Variable([1.0], name="late")
    optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    optimizer.build([*model.values(), late])
    optimizer.momentum[late].assign([5.0])
    Checkpoints(tmp_path, {"optimizer": optimizer, "late": late}).save(1)

    other = optiplug.create("sgd", momentum=0.9, jit_compile=False)
    other.build(list(model.values()))
    with pytest.raises(MismatchedCheckpointError):
        Checkpoints(tmp_path, {"optimizer": other, "later": late}).restore()

    other.build([*model.values(), late])
    assert other.momentum[late].numpy().tolist() == [0.0]
