"""A `fit` that broke off goes on as if it had not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
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
