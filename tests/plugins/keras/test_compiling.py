"""`model.compile` takes what says which optimizer is meant, or says what to write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tf_keras

import optiplug
from optiplug_keras import wrap
from optiplug_lion import Lion, LionConfig

CONFIG = {"use": "lion", "learning_rate": 0.25}
WAYS = {
    "name": lambda _: "optiplug:lion",
    "name and distribution": lambda _: "optiplug:lion@optiplug-lion",
    "mapping": lambda _: CONFIG,
    "path": lambda file: file,
    "path as text": str,
    "path after the prefix": lambda file: f"optiplug:{file}",
    "config": lambda _: LionConfig(learning_rate=0.25),
    "created": lambda _: optiplug.create("lion", learning_rate=0.25),
    "class": lambda _: Lion(learning_rate=0.25),
    "wrapped": lambda _: wrap("lion", learning_rate=0.25),
    "wrapped for Keras 3": lambda _: wrap("lion", learning_rate=0.25, keras=keras),
    "wrapped for tf_keras": lambda _: wrap("lion", learning_rate=0.25, keras=tf_keras),
}


def small(flavour):
    flavour.utils.set_random_seed(1)
    return flavour.Sequential([flavour.layers.Input((2,)), flavour.layers.Dense(1)])


def fit(model):
    model.fit(np.ones((4, 2)), 9 * np.ones((4, 1)), batch_size=2, verbose=0)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "optimizer.yaml"
    path.write_text("use: lion\nlearning_rate: 0.25\n")
    return path


@pytest.mark.sampled(3)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("positional", [True, False])
def test_every_way_to_say_the_same(flavour, way, positional, file):
    model, given = small(flavour), WAYS[way](file)
    if positional:
        model.compile(given, "mse", jit_compile=False)
    else:
        model.compile(optimizer=given, loss="mse", jit_compile=False)

    assert isinstance(model.optimizer, flavour.optimizers.Optimizer)
    assert isinstance(model.optimizer.optimizer, Lion)
    if not way.startswith("name"):
        assert model.optimizer.optimizer.config.learning_rate == 0.25


def test_a_model_is_trained_saved_and_loaded(flavour, tmp_path):
    model = small(flavour)
    model.compile(optimizer=CONFIG, loss="mse", jit_compile=False)
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = flavour.models.load_model(tmp_path / "model.keras")

    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert int(loaded.optimizer.iterations) == 2


def test_what_keras_knows_stays_its_own(flavour):
    # tf_keras takes no mappings.
    config = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    for given in ("sgd", flavour.optimizers.SGD(0.5), *([config] if flavour is keras else [])):
        model = small(flavour)
        model.compile(optimizer=given, loss="mse")
        assert "optiplug" not in type(model.optimizer).__module__


def test_several_optimizers_of_a_model_of_tf_keras():
    model = small(tf_keras)
    model.compile(optimizer=["optiplug:sgd", optiplug.create("lion")], loss="mse")
    assert [type(each.optimizer).__name__ for each in model.optimizer] == ["SGD", "Lion"]
    model.compile(optimizer={"one": optiplug.create("lion")}, loss="mse")
    assert type(model.optimizer["one"].optimizer).__name__ == "Lion"


def test_half_precision_wraps_what_is_named(flavour):
    policy = (flavour.mixed_precision if flavour is tf_keras else keras.config).__dict__
    set_policy = policy.get("set_global_policy") or policy["set_dtype_policy"]
    set_policy("mixed_float16")
    try:
        model = small(flavour)
    finally:
        set_policy("float32")
    model.compile(optimizer="optiplug:lion", loss="mse")
    assert isinstance(model.optimizer.inner_optimizer.optimizer, Lion)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("optiplug:lionn", "did you mean 'lion'"),
        ("optiplug:", "NAME@DISTRIBUTION"),
        ("nowhere.yaml", "nowhere.yaml"),
        (Path("nowhere.yaml"), "nowhere.yaml"),
        ({"use": "lion", "learning_rate": -1.0}, "learning_rate"),
        ({"optimizer": "lion"}, "use"),
        ({}, "use"),
        (Lion, "optiplug_keras.wrap"),
        (LionConfig, "optiplug_keras.wrap"),
        (optiplug.create("sam"), "Keras computes gradients by itself"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_refused(flavour, given, message):
    if flavour is tf_keras and isinstance(given, optiplug.Optimizer):
        return  # in its first step, as it has the API that computes gradients
    with pytest.raises(optiplug.OptiplugError, match=message):
        small(flavour).compile(optimizer=given, loss="mse")


def test_a_class_with_a_compile_of_its_own(flavour):
    class Own(flavour.Model):
        def __init__(self):
            super().__init__()
            self.layer = flavour.layers.Dense(1)

        def call(self, inputs):
            return self.layer(inputs)

        def compile(self, first, **keywords):
            super().compile(optimizer=first, **keywords)

    model = Own()
    model.compile(CONFIG, loss="mse", jit_compile=False)
    fit(model)
    assert isinstance(model.optimizer.optimizer, Lion)


WITHOUT_IMPORT = """
import keras, tf_keras, optiplug
for flavour in (keras, tf_keras):
    model = flavour.Sequential([flavour.layers.Input((2,)), flavour.layers.Dense(1)])
    try:
        model.compile(optimizer=optiplug.create("lion"), loss="mse")
    except ValueError as error:
        assert "for `model.compile`: `optiplug_keras.wrap(optimizer)`" in str(error), error
    else:
        raise AssertionError(flavour)
"""
LEGACY = """
import tensorflow as tf, optiplug_keras
assert tf.keras.Sequential.__module__.startswith("tf_keras")
model = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])
optimizer = optiplug_keras.wrap("lion")
assert isinstance(optimizer, tf.keras.optimizers.Optimizer)
model.compile(optimizer=optimizer, loss="mse")
assert model.optimizer is optimizer
"""


@pytest.mark.slow
def test_without_the_import_the_message_names_wrap():
    subprocess.run([sys.executable, "-c", WITHOUT_IMPORT], check=True)


@pytest.mark.slow
def test_the_keras_of_tensorflow_decides_what_wrap_makes(monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    subprocess.run([sys.executable, "-c", LEGACY], check=True)
