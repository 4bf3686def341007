"""Schedules of both Keras are told as configs of ours that give the same values."""

from __future__ import annotations

import keras
import pytest
import tf_keras

import optiplug
from optiplug._config.keras_schedules import translated

SCHEDULES = {
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.1},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [3, 6], "values": [0.3, 0.2, 0.1]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
}


@pytest.mark.parametrize("flavour", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_each_is_translated_as_an_object_and_as_a_config(flavour, name):
    theirs = getattr(flavour.optimizers.schedules, name)(**SCHEDULES[name])
    config = translated(theirs)

    assert config == translated({"class_name": name, "config": theirs.get_config()})
    assert "name" not in config
    ours = optiplug.create(config.pop("use"), **config)
    assert [float(ours(step)) for step in range(8)] == pytest.approx(
        [float(theirs(step)) for step in range(8)], rel=1e-6
    )


def test_a_subclass_is_something_else():
    class Mine(tf_keras.optimizers.schedules.ExponentialDecay):
        pass

    mine = Mine(0.1, 3, 0.5)
    assert translated(mine) is mine


@pytest.mark.parametrize(
    "value", [0.1, "cosine", {"use": "cosine"}, {"class_name": "Mine", "config": {}}, None]
)
def test_anything_else_is_left_alone(value):
    assert translated(value) is value
