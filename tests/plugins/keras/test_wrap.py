"""What `wrap` takes, and what it refuses."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf
import tf_keras

import optiplug
import optiplug_keras
from optiplug_keras import wrap


def test_every_way_to_say_the_same(flavour, tmp_path):
    file = tmp_path / "optimizer.yaml"
    file.write_text("use: sgd\nmomentum: 0.9\n")
    expected = optiplug.create("sgd", momentum=0.9).config
    ways = [expected, {"use": "sgd", "momentum": 0.9}, file, optiplug.create("sgd", momentum=0.9)]

    wrapped = [wrap(way, keras=flavour) for way in ways] + [wrap("sgd", momentum=0.9, keras=flavour)]

    assert [each.optimizer.config for each in wrapped] == [expected] * 5
    assert all(isinstance(each, flavour.optimizers.Optimizer) for each in wrapped)
    assert {each.name for each in wrapped} == {"sgd"}
    assert repr(wrapped[0]) == f"{type(wrapped[0]).__name__}({wrapped[0].optimizer!r})"


def test_modules_that_are_a_keras():
    assert isinstance(wrap("sgd", keras=tf.keras), optiplug_keras.KerasAdapter)  # Keras 3, under another name
    with pytest.raises(optiplug.ConfigError, match="keras or tf_keras"):
        wrap("sgd", keras=SimpleNamespace(optimizers=None))


@pytest.mark.parametrize(
    ("optimizer", "hyperparameters", "message"),
    [
        ("sgdd", {}, "did you mean 'sgd'"),
        ("sgd", {"momentum": 2.0}, "momentum"),
        ("sgd", {"gradient_accumulation_steps": 4}, "'use': 'accumulate'"),
        ("sgd", {"loss_scale_factor": 128.0}, "LossScaleOptimizer"),
        ({"use": "sgd"}, {"clipnorm": 1.0}, "go with the name"),
        (keras.optimizers.SGD, {}, "of optiplug"),
        (tf_keras.optimizers.SGD, {}, "of optiplug"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_refused(flavour, optimizer, hyperparameters, message):
    with pytest.raises(optiplug.ConfigError, match=message):
        wrap(optimizer, keras=flavour, **hyperparameters)


@pytest.mark.parametrize(
    ("name", "value"), [("clipnorm", 1.0), ("global_clipnorm", 1.0), ("use_ema", True), ("weight_decay", 0.1)]
)
def test_what_keras_would_do_itself_cannot_be_set(flavour, name, value):
    wrapped = wrap("sgd", keras=flavour)

    with pytest.raises(optiplug.ConfigError, match=f"'{name}' cannot be set.*optiplug_keras.wrap"):
        setattr(wrapped, name, value)
    with pytest.raises(TypeError, match=name):
        type(wrapped)(wrapped.optimizer, **{name: value})


def test_other_backends_are_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")

    with pytest.raises(optiplug.ConfigError, match="KERAS_BACKEND=tensorflow"):
        wrap("sgd")


def test_configs_are_resolved_in_the_registry_only(flavour):
    adapter = type(wrap("sgd", keras=flavour))

    for name in ("antigravity:fly", "antigravity", "sgd@antigravity"):
        with pytest.raises(optiplug.ConfigError):
            adapter.from_config({"use": name})
    assert "antigravity" not in sys.modules


def test_class_without_a_name_cannot_be_saved(flavour):
    class Plain(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    with pytest.raises(optiplug.ConfigError, match=r"optiplug\.register"):
        wrap(Plain("plain"), keras=flavour).get_config()
