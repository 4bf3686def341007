"""A `fit` that broke off goes on as if it had not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from optiplug import ConfigError, StateError, hookimpl
from optiplug.checkpoint import Checkpoints, saved_steps
from optiplug.errors import ChangedInputsError, CorruptCheckpointError
from optiplug_keras import Checkpoint, wrap
from support.broken_fits import (
    BATCHES,
    DATA,
    PAUSE,
    SAMPLES,
    BreakOff,
    BrokenOffError,
    main,
    model,
    outcome,
)
from support.forks import begin
from support.project_paths import ROOT
from support.strategies import mirrored

pytestmark = [
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed, but will be ignored"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
]
COUNTED = pytest.mark.filterwarnings("ignore:the place in the data is saved as a number of batches")


def fit(flavour, data, *callbacks, optimizer=None, compiled=None, **keywords):
    built = model(flavour, optimizer, **(compiled or {}))
    history = built.fit(**DATA[data](), verbose=0, callbacks=list(callbacks), **{"epochs": 3, **keywords})
    return outcome(built, history)


def broken(flavour, data, folder, batches, *callbacks, every=2, **keywords):
    saving = Checkpoint(folder, every=every, asynchronous=False)
    with pytest.raises(BrokenOffError):
        fit(flavour, data, *callbacks, saving, BreakOff(batches), **keywords)


@cache
def whole(flavour, data):
    return fit(flavour, data)


@pytest.mark.sampled(17)
@pytest.mark.parametrize(
    "data", ["arrays", "dataset", "repeated", "unknown", pytest.param("counted", marks=COUNTED)]
)
def test_it_goes_on_as_if_it_had_not_broken_off(flavour, data, tmp_path):
    # Late in an epoch: TensorFlow's iterators have forgotten the seeds of the next one there.
    broken(flavour, data, tmp_path, 5)
    broken(flavour, data, tmp_path, BATCHES + 3)
    assert fit(flavour, data, Checkpoint(tmp_path, every=2)) == whole(flavour, data)


@pytest.mark.slow
def test_what_has_ended_is_not_trained_again(flavour, tmp_path):
    first = fit(flavour, "dataset", Checkpoint(tmp_path), epochs=2)
    again = fit(flavour, "dataset", Checkpoint(tmp_path), epochs=2)
    assert (again, len(again["epochs"])) == (first, 2)
    assert fit(flavour, "dataset", Checkpoint(tmp_path)) == whole(flavour, "dataset")


def others(flavour):
    """Return callbacks that remember something, of Keras and of a user."""
    callbacks = flavour.callbacks
    return [
        callbacks.LearningRateScheduler(lambda _, rate: 0.5 * rate),
        callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=9.0),
        callbacks.EarlyStopping(monitor="mae", mode="max", patience=1, restore_best_weights=True),
    ]


@pytest.mark.slow
def test_other_callbacks_remember(flavour, tmp_path):
    how = {"optimizer": "adam", "compiled": {"steps_per_execution": 2}}
    expected = fit(flavour, "dataset", *others(flavour), **how)
    broken(flavour, "dataset", tmp_path, BATCHES + 4, *others(flavour), **how)
    # The rate halves and is reduced, and with Keras 3 the best weights are those of the first epoch.
    for _ in range(2):
        found = fit(flavour, "dataset", *others(flavour), Checkpoint(tmp_path, every=2), **how)
        assert found == expected


@pytest.mark.slow
@COUNTED
def test_two_replicas(tmp_path):
    with mirrored(2).scope():
        broken(keras, "dataset", tmp_path, BATCHES + 3)
        found = fit(keras, "dataset", Checkpoint(tmp_path, every=2))
        expected = fit(keras, "dataset")
    assert found["variables"] == expected["variables"]
    # Keras' metrics are saved as their sum over replicas, so those of the epoch are added in another order.
    for name, figures in expected["history"].items():
        np.testing.assert_allclose(found["history"][name], figures, rtol=2e-7)


def test_a_damaged_step_is_left_out(tmp_path):
    broken(keras, "dataset", tmp_path, BATCHES + 3)
    older, newest = saved_steps(tmp_path)
    values = newest.path / "values.data-00000-of-00001"
    values.write_bytes(values.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=older.path.name):
        assert fit(keras, "dataset", Checkpoint(tmp_path)) == whole(keras, "dataset")


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"data": {"version": 2}}, ChangedInputsError, "data.version"),
        ({"optimizer": {"use": "adam", "learning_rate": 0.1}}, ChangedInputsError, "config.optimizer"),
        ({"batch_size": 5}, ChangedInputsError, "data.batch_size"),
        ({"x": np.ones((SAMPLES, 3), "float32")}, ChangedInputsError, "data.content"),
    ],
)
def test_what_has_changed_is_refused(change, error, match, saved):
    data = change.get("data", {"version": 1})
    built = model(keras, change.get("optimizer"))
    changed = {name: value for name, value in change.items() if name in ("batch_size", "x")}
    arguments = {**DATA["in order"](), **changed}
    with pytest.raises(error, match=match):
        built.fit(**arguments, epochs=2, verbose=0, callbacks=[Checkpoint(saved, data=data)])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    fit(keras, "in order", Checkpoint(folder, data={"version": 1}), epochs=1)
    return folder


def test_what_all_is_damaged_is_refused(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "copy")
    (saved_steps(folder)[0].path / "manifest.json").write_text("{}")
    with pytest.raises(CorruptCheckpointError):
        fit(keras, "in order", Checkpoint(folder, data={"version": 1}), epochs=2)


def test_what_others_saved_is_refused(tmp_path):
    Checkpoints(tmp_path, {"weight": tf.Variable(1.0)}).save(1)
    with pytest.raises(StateError, match="was not saved by this callback"):
        fit(keras, "in order", Checkpoint(tmp_path))


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    ("how", "steps"),
    [
        ({"every": 4}, [4, 6, 8, 12]),
        ({"every": 4, "epochs": None}, [4, 8, 12]),
        ({"minutes": 1e-9, "epochs": None}, [*range(1, 13)]),
        ({"epochs": 2}, [12]),
        ({"keep": 1}, [12]),
        ({"delete_checkpoint": True}, []),
    ],
)
def test_when_it_saves(how, steps, tmp_path):
    fit(keras, "in order", Checkpoint(tmp_path, **{"keep": None, **how}), epochs=2)
    assert [each.step for each in saved_steps(tmp_path)] == steps


@pytest.mark.parametrize(
    "wrong", [{"every": 0}, {"every": True}, {"epochs": 1.5}, {"minutes": 0}, {"keep": 0}], ids=str
)
def test_wrong_arguments_are_refused(wrong, tmp_path):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Checkpoint(tmp_path, **wrong)


def test_a_loop_of_ones_own_is_refused(tmp_path):
    callbacks = keras.callbacks.CallbackList([Checkpoint(tmp_path)], model=model(keras), epochs=1)
    with pytest.raises(ConfigError, match="works in the `fit` of Keras"):
        callbacks.on_train_begin()


class Meter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen, self.epochs = {1, 2}, 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1


@pytest.mark.slow
def test_what_is_not_saved_is_told(tmp_path):
    with pytest.warns(UserWarning, match=r"are not saved: Meter\.seen\."):
        fit(keras, "in order", Meter(), Checkpoint(tmp_path), epochs=1)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.warns(UserWarning, match="append=True"), pytest.warns(UserWarning, match="Meter"):
        fit(keras, "in order", log, Checkpoint(tmp_path), epochs=2)


def test_a_config_in_code_only_is_told(tmp_path):
    class Unnamed:
        @hookimpl
        def clip(self, gradients):
            return gradients

    optimizer = wrap("sgd", processors=[Unnamed()], jit_compile=False)
    with pytest.warns(UserWarning, match="compared by the class of the optimizer"):
        model(keras, optimizer).fit(**DATA["in order"](), verbose=0, callbacks=[Checkpoint(tmp_path)])


def test_random_numbers_of_kernels_are_told(tmp_path):
    layers = tf_keras.layers
    built = tf_keras.Sequential([layers.Input((3,)), layers.Dropout(0.5, rng_type="legacy_stateful")])
    built.add(layers.Dense(1))
    built.compile(optimizer="optiplug:sgd", loss="mse", jit_compile=False)
    with pytest.warns(UserWarning, match="enable_tf_random_generator"):
        built.fit(**DATA["in order"](), verbose=0, callbacks=[Checkpoint(tmp_path)])


def killed(process, batch, seconds):
    """Kill a process so many seconds after it has told that a batch is trained."""
    while not any(int(line) >= batch for line in process.stdout.split("\n")[:-1]):
        assert process.returncode is None, process.stderr
        time.sleep(0.002)
    time.sleep(seconds)
    process.send(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL


# Each Keras with each kind of data goes on within one process, above.
@pytest.mark.slow
@pytest.mark.parametrize(("keras_name", "data"), [("keras", "dataset"), ("tf_keras", "arrays")])
def test_killed_five_times(keras_name, data, tmp_path):
    chance = random.Random(f"{keras_name} {data}")  # noqa: S311  # moments
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    place = {"folder": tmp_path, "environment": environment, "err": tmp_path / "err"}
    arguments = [keras_name, data, str(tmp_path / "steps"), str(tmp_path / "broken")]
    whole = begin(main, *arguments[:2], "-", str(tmp_path / "whole"), out=tmp_path / "told", **place)
    for last in sorted(chance.sample(range(2, 3 * BATCHES - 2), 5)):
        process = begin(main, *arguments, out=tmp_path / "out", **place)
        killed(process, last, chance.uniform(0, PAUSE))
        assert not (tmp_path / "broken").exists()
    # Not a fork, which has the hashes of strings of the others, and so the order of their sets.
    program = [sys.executable, "-m", "support.broken_fits", *arguments]
    subprocess.run(program, check=True, cwd=ROOT / "tests", env=environment)
    assert whole.wait(60)
    assert json.loads((tmp_path / "broken").read_text()) == json.loads((tmp_path / "whole").read_text())
