"""Models bring the config and the state of their optimizer back."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_keras import wrap
from support import keras_models
from support.keras_models import fit
from support.keras_models import model as untrained

SGD = {
    "learning_rate": {
        "use": "exponential",
        "initial_learning_rate": 0.1,
        "decay_steps": 20,
        "decay_rate": 0.5,
    },
    "momentum": 0.9,
    "global_clipnorm": 1.0,
    "processors": [{"use": "skip_non_finite"}],
    "jit_compile": False,
}


def compiled(flavour, optimizer):
    # XLA would take most of the time here, for the model as for a step; what it does to `fit` is tried there.
    return keras_models.compiled(flavour, optimizer, jit_compile=False)


def trained(flavour, name="sgd", **hyperparameters):
    model = compiled(flavour, wrap(name, **(hyperparameters or SGD), keras=flavour))
    fit(model, epochs=2)
    return model


@pytest.fixture(scope="module")
def model(flavour):
    """A model that was trained for two epochs; tests leave it so."""
    return trained(flavour)


@pytest.fixture(scope="module")
def expected(flavour):
    """The losses of three epochs in one go."""
    return fit(compiled(flavour, wrap("sgd", **SGD, keras=flavour)), epochs=3)


def state(model):
    return {name: each.numpy() for name, each in model.optimizer.optimizer.state.states.items()}


def assert_same_state(model, other):
    ours, theirs = list(state(model).values()), list(state(other).values())
    assert len(ours) == len(theirs) > 2
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations) == 8
    for value, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.slow
def test_two_epochs_saved_and_one_more_are_three_in_one_go(flavour, model, expected, tmp_path):
    model.save(tmp_path / "model.keras")

    loaded = flavour.models.load_model(tmp_path / "model.keras")

    assert loaded.optimizer.optimizer.config == model.optimizer.optimizer.config
    assert_same_state(loaded, model)
    assert fit(loaded) == expected[2:]


@pytest.mark.slow
def test_exclusions_from_weight_decay_come_back(flavour, tmp_path):
    model = compiled(flavour, wrap("adamw", learning_rate=0.1, weight_decay=0.5, keras=flavour))
    model.optimizer.exclude_from_weight_decay([model.trainable_variables[0]], ["bias"])
    fit(model)
    model.save(tmp_path / "model.keras")

    loaded = flavour.models.load_model(tmp_path / "model.keras")

    ours, theirs = (each.optimizer.optimizer for each in (model, loaded))
    assert [each.startswith("re:") for each in theirs.config.exclude_from_weight_decay] == [True, False]
    names = [[path.split("/")[-2:] for path in each.excluded_from_weight_decay] for each in (ours, theirs)]
    assert names[0] == names[1]
    assert len(names[0]) == 3
    assert fit(loaded) == fit(model)


def test_rate_that_was_set_comes_back(flavour, tmp_path):
    model = compiled(flavour, wrap("sgd", learning_rate=0.1, keras=flavour))
    model.optimizer.learning_rate = 0.025
    fit(model)
    model.save(tmp_path / "model.keras")

    loaded = flavour.models.load_model(tmp_path / "model.keras")

    assert loaded.optimizer.learning_rate.numpy() == np.float32(0.025)
    assert loaded.optimizer.get_config()["learning_rate"] == pytest.approx(0.025)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_hdf5_of_tf_keras(tmp_path):
    model = trained(tf_keras)
    model.save(tmp_path / "model.h5")

    loaded = tf_keras.models.load_model(tmp_path / "model.h5")

    assert_same_state(loaded, model)
    assert fit(loaded) == fit(model)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_hdf5_after_a_callback_read_the_rate(tmp_path):
    """The first thing that is read of the optimizer is its rate, before it is built."""
    model = compiled(tf_keras, wrap("adam", learning_rate=0.5, keras=tf_keras))
    fit(model, epochs=2, callbacks=[tf_keras.callbacks.LearningRateScheduler(lambda _, rate: rate / 2)])
    model.save(tmp_path / "model.h5")

    loaded = tf_keras.models.load_model(tmp_path / "model.h5")

    assert_same_state(loaded, model)
    assert float(loaded.optimizer.learning_rate) == float(model.optimizer.learning_rate) == 0.125


@pytest.mark.slow
def test_saved_model_of_tf_keras_starts_afresh(tmp_path):
    """tf_keras restores the state of no optimizer that is not one of its own."""
    model = trained(tf_keras)
    model.save(tmp_path / "model")

    loaded = tf_keras.models.load_model(tmp_path / "model")

    assert loaded.optimizer.optimizer.config == model.optimizer.optimizer.config
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    assert fit(loaded)[0] < 2.0
    assert int(loaded.optimizer.iterations) == 4


@pytest.mark.slow
def test_hdf5_of_keras_3_starts_afresh(tmp_path):
    """Keras 3.15 builds any optimizer for no variables there; its own then cannot train."""
    model = trained(keras)
    model.save(tmp_path / "model.h5")

    loaded = keras.models.load_model(tmp_path / "model.h5")

    assert loaded.optimizer.optimizer.config == model.optimizer.optimizer.config
    assert np.isfinite(fit(loaded)).all()
    assert int(loaded.optimizer.iterations) == 4


@pytest.mark.slow
def test_weights_into_another_model_of_the_same_layers(flavour, tmp_path):
    model, other = trained(flavour), trained(flavour)
    fit(other)
    model.save_weights(tmp_path / "model.weights.h5")

    other.load_weights(tmp_path / "model.weights.h5")

    assert set(state(model)) != set(state(other))  # layers are numbered on
    assert_same_state(other, model)


@pytest.mark.slow
def test_weights_into_a_model_that_was_not_trained(tmp_path):
    model, fresh = trained(keras), compiled(keras, wrap("sgd", **SGD))
    model.save_weights(tmp_path / "model.weights.h5")

    with pytest.warns(UserWarning, match="'sgd' is not loaded: it is not built"):
        fresh.load_weights(tmp_path / "model.weights.h5")

    np.testing.assert_array_equal(fresh.get_weights()[0], model.get_weights()[0])


@pytest.mark.slow
def test_weights_that_were_saved_without_an_optimizer(tmp_path):
    model = trained(keras)
    before = state(model)
    untrained(keras).save_weights(tmp_path / "model.weights.h5")

    with pytest.warns(UserWarning, match="'sgd' is not loaded: the weights were saved without it"):
        model.load_weights(tmp_path / "model.weights.h5")

    np.testing.assert_array_equal(state(model)["iterations"], before["iterations"])


def test_model_without_anything_to_train(flavour, tmp_path):
    frozen = compiled(flavour, wrap("sgd", **SGD, keras=flavour))
    frozen.trainable = False
    frozen.compile(optimizer=wrap("sgd", **SGD, keras=flavour), loss=frozen.loss)
    frozen.save(tmp_path / "model.keras")

    loaded = flavour.models.load_model(tmp_path / "model.keras")

    assert loaded.optimizer.optimizer.config == frozen.optimizer.optimizer.config
    assert loaded.optimizer.optimizer.state.homes == {}


@pytest.mark.slow
def test_state_of_another_optimizer_is_refused(tmp_path):
    adam, sgd = trained(keras, "adam", learning_rate=1e-3), trained(keras)
    adam.save_weights(tmp_path / "adam.weights.h5")
    before = state(sgd)

    with pytest.raises(ValueError, match=r"saved state must fit.*nothing was changed"):
        sgd.load_weights(tmp_path / "adam.weights.h5")
    with pytest.warns(UserWarning, match="saved state must fit"):
        sgd.load_weights(tmp_path / "adam.weights.h5", skip_mismatch=True)

    for name, value in state(sgd).items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["missing", "extra", "reshaped"])
def test_damaged_state_is_refused_with_a_table(model, damage):
    store: dict[str, object] = {}
    model.optimizer.save_own_variables(store)
    before = state(model)
    victim = next(key for key in store if key.startswith("momentum"))
    value = store.pop(victim)
    if damage == "extra":
        store |= {victim: value, "momentum%2F99": value}
    if damage == "reshaped":
        store[victim] = np.zeros(3, np.float32)

    with pytest.raises(optiplug.StateError) as refused:
        model.optimizer.load_own_variables(store)

    named = (
        "momentum/99"
        if damage == "extra"
        else re.escape(next(n for n in before if n.startswith("momentum/")))
    )
    assert re.search(named, str(refused.value))
    for name, current in state(model).items():
        np.testing.assert_array_equal(current, before[name])


OTHER_TEXTS = {
    "no JSON": lambda _: "{",
    "a list": lambda _: [],
    "no homes": lambda told: {"variables": told["variables"]},
    "a home too few": lambda told: {**told, "homes": dict([*told["homes"].items()][1:])},
    "another slot": lambda told: {
        **told,
        "homes": {name: ["other", path] for name, (_, path) in told["homes"].items()},
    },
    "a home of nothing": lambda told: {**told, "homes": {**told["homes"], "momentum/x": ["momentum", "x"]}},
    "a variable too few": lambda told: {**told, "variables": dict([*told["variables"].items()][1:])},
    "an endless place": lambda told: {
        **told,
        "variables": {path: {**each, "place": float("inf")} for path, each in told["variables"].items()},
    },
}


@pytest.mark.parametrize("kind", OTHER_TEXTS)
def test_a_changed_text_of_whose_state_it_is_is_refused(model, kind):
    store: dict[str, object] = {}
    model.optimizer.save_own_variables(store)
    before = state(model)
    (key,) = (key for key in store if key.endswith("variables"))
    told = OTHER_TEXTS[kind](json.loads(bytes(store[key])))
    text = told if isinstance(told, str) else json.dumps(told)
    store[key] = np.frombuffer(text.encode(), np.uint8)

    with pytest.raises(optiplug.StateError, match=r"damaged; nothing was changed"):
        model.optimizer.load_own_variables(store)

    for name, current in state(model).items():
        np.testing.assert_array_equal(current, before[name])


@pytest.mark.slow
def test_checkpoint_has_each_state_once(flavour, tmp_path):
    flavour.backend.clear_session()  # layers are numbered anew, as in another process
    model = trained(flavour)
    flavour.backend.clear_session()
    other = trained(flavour)
    fit(other)
    path = tf.train.Checkpoint(optimizer=model.optimizer).write(str(tmp_path / "checkpoint"))
    saved = [name for name, _ in tf.train.list_variables(path) if "VARIABLE_VALUE" in name]

    tf.train.Checkpoint(optimizer=other.optimizer).read(path).assert_consumed()

    assert_same_state(other, model)
    assert len([name for name in saved if "/by_name/" in name]) == len(state(model))
    unused = [] if flavour is keras else ["optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE"]
    assert [name for name in saved if "/by_name/" not in name] == unused


@pytest.mark.slow
def test_run_that_broke_off_goes_on(flavour, expected, tmp_path):
    class Crash(flavour.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    folder = tmp_path / "backup"
    flavour.backend.clear_session()
    broken = compiled(flavour, wrap("sgd", **SGD, keras=flavour))
    with pytest.raises(KeyboardInterrupt):
        fit(broken, epochs=3, callbacks=[flavour.callbacks.BackupAndRestore(folder), Crash()])

    flavour.backend.clear_session()  # layers are numbered anew, as in another process
    resumed = compiled(flavour, wrap("sgd", **SGD, keras=flavour))
    losses = fit(resumed, epochs=3, callbacks=[flavour.callbacks.BackupAndRestore(folder)])

    assert losses == expected[2:]


LOADED_ALONE = """
import sys, keras, tf_keras
for flavour, may_be in ((keras, "told"), (tf_keras, "loaded")):
    for path in (path for path in sys.argv[1:] if f"/{flavour.__name__}/" in path):
        try:
            flavour.models.load_model(path)
            told = "loaded"
        except Exception as error:
            told = "told" if "import optiplug_keras" in str(error) else str(error)
        assert told in ("told", may_be), (path, told)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_without_the_import_keras_says_what_to_import(tmp_path):
    """Files of another process that has Keras only; tf_keras imports by itself what a .keras file names."""
    for flavour in (keras, tf_keras):
        peer = flavour.optimizers.SGD(optiplug.create("constant", value=0.1))
        for name, model in {"ours": trained(flavour), "theirs": compiled(flavour, peer)}.items():
            for end in ("keras", "h5"):
                file = tmp_path / flavour.__name__ / f"{name}.{end}"
                file.parent.mkdir(exist_ok=True)
                model.save(file)

    # Keras says of its older files only that None has no weights.
    files = sorted(set(tmp_path.glob("*/*")) - {tmp_path / "keras" / "ours.h5"})
    subprocess.run([sys.executable, "-c", LOADED_ALONE, *files], check=True)
    assert len(files) == 7


@pytest.mark.slow
def test_files_of_the_name_that_was_saved_before_are_loaded(tmp_path):
    model = trained(keras)
    before = model.optimizer.get_config(), keras.saving.serialize_keras_object(model.optimizer)
    older = {**before[1], "registered_name": "optiplug>KerasAdapter"}

    assert before[1]["registered_name"] == "import optiplug_keras>KerasAdapter"
    assert keras.saving.deserialize_keras_object(older).get_config() == before[0]
