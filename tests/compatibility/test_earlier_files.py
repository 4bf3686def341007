"""Files that an earlier optiplug saved load to the same bits, and training goes on to the same numbers."""

from __future__ import annotations

import json
import shutil
from urllib.parse import quote

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from compatibility.trained import CASES, FILES, FIRST, LAST, Trained, batch, keras_model, stored
from optiplug import registry
from optiplug._config.base import resolve
from optiplug.document import read

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
CONFIGS = json.loads((FILES / "configs.json").read_text())


def expected(name, when):
    """Return what the earlier version had when it saved ("before"), or after it went on ("after")."""
    with np.load(FILES / f"{name}.npz") as arrays:
        return {key.partition("|")[2]: arrays[key] for key in arrays if key.startswith(f"{when}|")}


def assert_same(actual, name, when, tolerance=0.0):
    wanted = expected(name, when)
    assert sorted(actual) == sorted(wanted)
    for key, value in wanted.items():
        assert np.asarray(actual[key]).dtype == value.dtype, key
        np.testing.assert_allclose(
            np.asarray(actual[key], np.float64),
            np.asarray(value, np.float64),
            rtol=tolerance,
            atol=tolerance,
            err_msg=key,
        )


@pytest.mark.parametrize("case", CASES)
def test_checkpoint_into_what_is_built(case):
    trained = Trained(case)
    trained.optimizer.build(list(trained.variables.values()))
    trained.checkpoint.read(str(FILES / case)).assert_consumed()

    assert_same(trained.values(), case, "before")
    assert_same(trained.run(FIRST, LAST).values(), case, "after", 1e-6)


@pytest.mark.parametrize("case", CASES)
def test_checkpoint_into_what_is_not_yet_built(case):
    trained = Trained(case)
    status = trained.checkpoint.read(str(FILES / case))
    trained.optimizer.build(list(trained.variables.values()))
    status.assert_consumed()

    assert_same(trained.values(), case, "before")
    assert_same(trained.run(FIRST, LAST).values(), case, "after", 1e-6)


def test_joined_state_is_read_into_state_that_is_apart():
    """How small variables come together is no part of a file."""
    trained = Trained("adam-joined")
    trained.optimizer = optiplug.from_config({**CASES["adam-joined"], "pack_small_variables": False})
    trained.checkpoint = tf.train.Checkpoint(optimizer=trained.optimizer, **trained.variables)
    trained.checkpoint.read(str(FILES / "adam-joined"))

    assert_same(trained.run(FIRST, LAST).values(), "adam-joined", "after", 1e-6)


@pytest.mark.parametrize("case", CASES)
def test_state_is_read_without_an_optimizer(case):
    wanted = expected(case, "before")
    state = optiplug.read_state(str(FILES / case))

    assert sorted(state) == sorted(name for name in wanted if not name.startswith("variable "))
    for name, value in state.items():
        np.testing.assert_array_equal(value, wanted[name], err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_config_of_an_optimizer(case):
    saved = json.loads((FILES / f"{case}.json").read_text())
    optimizer = optiplug.from_config(saved)

    assert optimizer.config == optiplug.from_config(CASES[case]).config
    assert_holds(optimizer.get_config(), saved)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("flavour", "name"), [(keras, "keras-3.keras"), (tf_keras, "tf_keras.keras"), (tf_keras, "tf_keras.h5")]
)
def test_model_of_keras(flavour, name):
    import optiplug_keras.tf_keras  # noqa: F401  # makes both Keras know our class

    model = flavour.models.load_model(FILES / name)

    assert_same(model_values(model), name, "before")
    assert_goes_on(model, name)


def test_weights_of_keras_3(tmp_path):
    name = "keras-3.weights.h5"
    model = keras_model(keras)
    model.optimizer.build(model.trainable_variables)
    shutil.copy(FILES / name, tmp_path)
    model.load_weights(tmp_path / name)

    assert_same(model_values(model), name, "before")
    assert_goes_on(model, name)


def assert_goes_on(model, name):
    model.fit(*batch(), batch_size=8, epochs=LAST - FIRST, verbose=0, shuffle=False)
    assert_same(model_values(model), name, "after", 1e-6)


def model_values(model):
    weights = {f"weight {key}": value for key, value in enumerate(model.get_weights())}
    return weights | {
        numbered(model, name): value for name, value in stored(model.optimizer.optimizer).items()
    }


def numbered(model, name):
    """Return the key that the earlier version had for state, with a number in place of the path."""
    homes = model.optimizer.optimizer.state.homes
    if name not in homes:
        return quote(name, safe="")
    slot, path = homes[name]
    return quote(f"{slot}/{list(dict.fromkeys(path for _, path in homes.values())).index(path)}", safe="")


@pytest.mark.parametrize("kind", CONFIGS)
def test_configs_of_all_plugins(kind):
    assert len(CONFIGS[kind]) > 0
    for name, saved in CONFIGS[kind].items():
        config = resolve(kind, saved)
        assert type(config) is registry.get(kind, name)
        assert_holds(config.dump(), saved)


def test_config_file_of_a_run():
    fields = read(FILES / "run.yaml").data
    run = registry.get("commands", fields.pop("command"))(**fields)
    saved = json.loads((FILES / "run.json").read_text())

    assert_holds(run.dump(), saved)
    assert resolve("commands", saved) == run


def assert_holds(actual, saved):
    """Everything that was saved is there with the same value; new fields may have come."""
    if isinstance(saved, dict):
        for key, value in saved.items():
            assert_holds(actual[key], value)
    elif isinstance(saved, list):
        assert len(actual) == len(saved)
        for one, other in zip(actual, saved, strict=True):
            assert_holds(one, other)
    else:
        assert actual == saved
        assert type(actual) is type(saved)
