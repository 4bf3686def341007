"""A `fit` that broke off goes on as if it had not."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from optiplug import ConfigError, StateError
from optiplug.checkpoint import saved_steps
from optiplug.errors import ChangedInputsError, CorruptCheckpointError
from optiplug_keras import Checkpoint
from support.broken_fits import BATCHES, DATA, BreakOff, BrokenOff, inputs, model, outcome
from support.project_paths import ROOT

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
    with pytest.raises(BrokenOff):
        fit(flavour, data, *callbacks, Checkpoint(folder, every=every), BreakOff(batches), **keywords)


@cache
def whole(flavour, data):
    return fit(flavour, data)


@pytest.mark.parametrize(
    "data", ["arrays", "dataset", "repeated", "unknown", pytest.param("counted", marks=COUNTED)]
)
def test_it_goes_on_as_if_it_had_not_broken_off(flavour, data, tmp_path):
    broken(flavour, data, tmp_path, BATCHES + 3)
    assert fit(flavour, data, Checkpoint(tmp_path, every=2)) == whole(flavour, data)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["arrays", "dataset"])
@pytest.mark.parametrize("keras_name", ["keras", "tf_keras"])
def test_killed_five_times(keras_name, data, tmp_path):
    chance = random.Random(f"{keras_name} {data}")
    command = [sys.executable, "-m", "support.broken_fits", keras_name, data]
    place = {"cwd": ROOT / "tests", "env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}}
    subprocess.run([*command, "-", str(tmp_path / "whole")], check=True, **place)
    for last in sorted(chance.sample(range(2, 3 * BATCHES - 2), 5)):
        with subprocess.Popen(
            [*command, tmp_path / "steps", tmp_path / "broken"], stdout=-1, **place
        ) as process:
            assert any(int(line) >= last for line in process.stdout)
            time.sleep(chance.uniform(0, 0.1))
            process.kill()
        assert not (tmp_path / "broken").exists()
    subprocess.run([*command, tmp_path / "steps", tmp_path / "broken"], check=True, **place)
    assert json.loads((tmp_path / "broken").read_text()) == json.loads((tmp_path / "whole").read_text())
