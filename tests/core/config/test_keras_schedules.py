"""Schedules of both Keras are told as configs of ours that give the same values, or as Keras tells them."""

from __future__ import annotations

import itertools
import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug._config.keras_schedules import imported, restored, translated

FLAVOURS = {"keras": keras, "tf_keras": tf_keras}
RATE = {"initial_learning_rate": [0.1]}
DECAY = {**RATE, "decay_steps": [10, 1000 / 128]}
# Of each class every option, each with every value.
OPTIONS = {
    "CosineDecay": {**DECAY, "alpha": [0.0, 0.25], "warmup_target": [None, 0.5], "warmup_steps": [4, 2.5]},
    "CosineDecayRestarts": {
        **RATE,
        "first_decay_steps": [5, 6.4],
        "t_mul": [1.0, 2.0],
        "m_mul": [1.0, 0.5],
        "alpha": [0.0, 0.25],
    },
    "ExponentialDecay": {**DECAY, "decay_rate": [0.5, 1.25], "staircase": [False, True]},
    "InverseTimeDecay": {**DECAY, "decay_rate": [0.5], "staircase": [False, True]},
    "PiecewiseConstantDecay": {"boundaries": [[3, 6], [0.5, 7.25], [0, 4]], "values": [[0.3, 0.2, 0.1]]},
    "PolynomialDecay": {**DECAY, "end_learning_rate": [0.01], "power": [1.0, 0.5], "cycle": [False, True]},
}
FORMS = {
    "python": lambda value: value,
    "numpy": lambda value: value if isinstance(value, bool | None) else np.asarray(value)[()],
}
CASES = [
    (name, dict(zip(options, values, strict=True)))
    for name, options in OPTIONS.items()
    for values in itertools.product(*options.values())
]


def schedules_of(flavour):
    members = vars(flavour.optimizers.schedules)
    base = flavour.optimizers.schedules.LearningRateSchedule
    return {name for name, each in members.items() if isinstance(each, type) and issubclass(each, base)} - {
        "LearningRateSchedule"
    }


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_class_of_keras_is_tried(flavour):
    assert schedules_of(FLAVOURS[flavour]) == OPTIONS.keys()


@pytest.mark.sampled(11)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_each_is_saved_and_gives_the_numbers_of_keras(flavour, name, options, form):
    kind = getattr(FLAVOURS[flavour].optimizers.schedules, name)
    given = {key: FORMS[form](value) for key, value in options.items()}
    if form == "numpy" and name == "PiecewiseConstantDecay":
        given["boundaries"] = list(given["boundaries"])  # Keras asks for their length and their truth
    ours = optiplug.create("sgd", learning_rate=kind(**given)).get_config()["learning_rate"]

    assert "use" in ours
    again = optiplug.Schedule.from_config(json.loads(json.dumps(ours)))
    theirs = kind(**options)
    values = [float(again(step)) for step in range(25)]
    assert values == pytest.approx([float(theirs(step)) for step in range(25)], rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", OPTIONS)
def test_an_object_and_a_config_are_translated_alike(flavour, name):
    options = next(options for each, options in CASES if each == name)
    theirs = getattr(FLAVOURS[flavour].optimizers.schedules, name)(**options)
    config = translated(theirs)
    assert config == translated({"class_name": name, "config": theirs.get_config()})
    assert "name" not in config


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_options_that_a_config_refuses_are_saved_as_keras_does(flavour):
    rising = FLAVOURS[flavour].optimizers.schedules.CosineDecay(0.1, 10, alpha=2.0)
    saved = optiplug.create("sgd", learning_rate=rising).get_config()
    assert saved["learning_rate"]["class_name"] == "CosineDecay"
    again = optiplug.from_config(json.loads(json.dumps(saved)))
    assert again.config.learning_rate.get_config() == rising.get_config()


def half(flavour, registered=True):
    class Half(FLAVOURS[flavour].optimizers.schedules.LearningRateSchedule):
        def __init__(self, steps=(1, 2)):
            self.steps = steps

        def __call__(self, step):
            return 0.5

        def get_config(self):
            return {"steps": self.steps}

    register = FLAVOURS[flavour].saving.register_keras_serializable("tests", f"Half of {flavour}")
    return register(Half) if registered else Half


PLACES = {
    "a rate": ({"use": "sgd"}, ["learning_rate"]),
    "a processor": (
        {"use": "sgd", "processors": [{"use": "learning_rate_scale"}]},
        ["processors", 0, "factor"],
    ),
    "a product": (
        {"use": "sgd", "learning_rate": {"use": "product", "schedules": [1.0]}},
        ["learning_rate", "schedules", 0],
    ),
    "a group": (
        {"use": "partition", "groups": [{"name": "all", "optimizer": {"use": "sgd"}}]},
        ["groups", 0, "optimizer", "learning_rate"],
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("place", PLACES)
def test_a_registered_class_is_found_again_wherever_it_is(flavour, place):
    config, path = json.loads(json.dumps(PLACES[place][0])), PLACES[place][1]
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = half(flavour)(steps=[3, 4])
    saved = optiplug.from_config(config).get_config()
    again = optiplug.from_config(json.loads(json.dumps(saved)))
    assert again.get_config() == saved
    for key in path:
        saved = saved[key]
    assert saved["registered_name"] == f"tests>Half of {flavour}"
    assert restored(saved).steps == [3, 4]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_unregistered_class_is_refused_when_it_is_saved(flavour):
    optimizer = optiplug.create("sgd", learning_rate=half(flavour, registered=False)())
    optimizer.apply_gradients([(tf.constant(1.0), weight := tf.Variable(1.0))])
    assert float(weight) == 0.5
    with pytest.raises(
        optiplug.ConfigError, match=r"put @keras.saving.register_keras_serializable\(\) above Half"
    ):
        optimizer.get_config()


def test_a_class_that_nobody_registered_is_refused():
    form = {"class_name": "Gone", "config": {}, "registered_name": "tests>Gone"}
    with pytest.raises(
        optiplug.ConfigError, match=r"learning_rate: no such schedule is registered .*tests>Gone"
    ):
        optiplug.create("sgd", learning_rate=form)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_keras_refuses_is_refused_in_its_words(flavour):
    form = {**optiplug.create("sgd", learning_rate=half(flavour)()).get_config()["learning_rate"]}
    with pytest.raises(optiplug.ConfigError, match=r"learning_rate: Keras cannot create it: .*'half'"):
        optiplug.create("sgd", learning_rate={**form, "config": {"half": 1}})


def test_what_is_registered_must_be_a_schedule():
    form = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}, "registered_name": None}
    with pytest.raises(optiplug.ConfigError, match=r"learning_rate: (no such schedule|Keras cannot)"):
        optiplug.create("sgd", learning_rate=form)


def test_without_keras_its_configs_are_read_all_the_same(monkeypatch):
    for name in FLAVOURS:
        monkeypatch.delitem(sys.modules, name)
    assert not list(imported())
    form = {
        "class_name": "ExponentialDecay",
        "config": {**{k: v[0] for k, v in DECAY.items()}, "decay_rate": 0.5},
    }
    assert optiplug.create("sgd", learning_rate=form).config.dump()["learning_rate"]["use"] == "exponential"
    with pytest.raises(optiplug.ConfigError, match="decay_rate: is required"):
        optiplug.create(
            "sgd", learning_rate={**form, "config": {"initial_learning_rate": 1, "decay_steps": 1}}
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
