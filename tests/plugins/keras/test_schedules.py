"""Schedules of ours in optimizers of Keras, and schedules of Keras in ours, in models that are saved."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
import optiplug_keras.tf_keras  # noqa: F401  # models of tf_keras are loaded, too
from optiplug_keras import wrap

STAIRS = {
    "use": "exponential",
    "initial_learning_rate": 0.5,
    "decay_steps": 2,
    "decay_rate": 0.5,
    "staircase": True,
}
FILES = ["model.keras", "model.h5"]
LEGACY = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def small(flavour, optimizer):
    model = flavour.Sequential([flavour.layers.Input((2,)), flavour.layers.Dense(1)])
    # An object: a name of a loss is not found again in a file of HDF5.
    model.compile(optimizer=optimizer, loss=flavour.losses.MeanSquaredError(), jit_compile=False)
    return model


def fit(model, steps):
    model.fit(np.ones((2 * steps, 2)), np.ones((2 * steps, 1)), batch_size=2, shuffle=False, verbose=0)
    return [np.asarray(each) for each in model.get_weights()]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_an_optimizer_of_keras_follows_a_schedule_of_ours(flavour, name):
    peer = flavour.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5, staircase=True)
    weights = []
    for rate in (optiplug.Schedule.from_config(STAIRS), peer):
        flavour.utils.set_random_seed(1)
        weights.append(fit(small(flavour, getattr(flavour.optimizers, name)(learning_rate=rate)), 5))
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.sampled(7)
@LEGACY
@pytest.mark.parametrize("file", FILES)
def test_a_schedule_of_ours_is_saved_with_a_model_of_keras(flavour, file, tmp_path):
    schedule = optiplug.create("warmup", warmup_steps=3, schedule=STAIRS)
    model = small(flavour, flavour.optimizers.Adam(learning_rate=schedule))
    fit(model, 3)
    model.save(tmp_path / file)
    again = flavour.models.load_model(tmp_path / file)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    if (flavour.__name__, file) != ("keras", "model.h5"):  # there no optimizer of Keras goes on
        for ours, theirs in zip(fit(again, 3), fit(model, 3), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_schedule_of_ours_takes_the_place_of_another_one_there(flavour):
    optimizer, weight = (
        flavour.optimizers.SGD(learning_rate=optiplug.Schedule.from_config(STAIRS)),
        tf.Variable(0.0),
    )
    optimizer.learning_rate = optiplug.create("constant", value=0.25)
    if flavour.__name__ == "keras":
        weight = flavour.Variable(0.0)
    optimizer.apply_gradients([(tf.constant(-1.0), weight)])
    assert float(np.asarray(weight)) == 0.25


def registered(flavour):
    @flavour.saving.register_keras_serializable("tests", "Falling")
    class Falling(flavour.optimizers.schedules.LearningRateSchedule):
        def __init__(self, start):
            self.start = start

        def __call__(self, step):
            return self.start / tf.cast(step + 1, tf.float32)

        def get_config(self):
            return {"start": self.start}

    return Falling


@pytest.mark.sampled(7)
@LEGACY
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", ["rate", "group"])
def test_a_registered_schedule_is_saved_with_ours(flavour, place, file, tmp_path):
    rate = registered(flavour)(0.5)
    inner = {"use": "sgd", "learning_rate": rate}
    groups = [{"name": "all", "optimizer": inner}]
    optimizer = wrap(inner if place == "rate" else {"use": "partition", "groups": groups}, keras=flavour)
    model = small(flavour, optimizer)
    fit(model, 3)
    model.save(tmp_path / file)
    again = flavour.models.load_model(tmp_path / file)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for ours, theirs in zip(fit(again, 3), fit(model, 3), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_class_may_be_given_when_it_is_loaded(flavour, tmp_path):
    kind = registered(flavour)
    model = small(flavour, wrap("sgd", learning_rate=kind(0.5), keras=flavour))
    fit(model, 1)
    model.save(tmp_path / "model.keras")
    flavour.saving.get_custom_objects().pop("tests>Falling")
    with pytest.raises(optiplug.ConfigError, match="custom_objects"):
        flavour.models.load_model(tmp_path / "model.keras")
    again = flavour.models.load_model(tmp_path / "model.keras", custom_objects={"tests>Falling": kind})
    assert again.optimizer.optimizer.config.learning_rate.start == 0.5


def test_a_rate_becomes_a_schedule_between_two_calls_of_fit(flavour):
    model = small(flavour, wrap("sgd", learning_rate=0.5, keras=flavour))
    fit(model, 1)
    # Keras makes its function anew.
    model.optimizer.learning_rate = flavour.optimizers.schedules.PiecewiseConstantDecay([0], [9.0, 0.0])
    before = [np.asarray(each) for each in model.get_weights()]
    for ours, theirs in zip(fit(model, 1), before, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert model.optimizer.get_config()["learning_rate"]["use"] == "piecewise_constant"


@pytest.mark.parametrize("field", ["learning_rate", "momentum", "weight_decay"])
def test_fit_refuses_a_number_that_it_would_freeze(flavour, field):
    box = {"value": 0.25}
    model = small(flavour, wrap("sgd", **{field: lambda: box["value"]}, keras=flavour))
    with pytest.raises(optiplug.ConfigError, match=r"return a tf\.Variable"):
        fit(model, 1)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["learning_rate", "momentum", "weight_decay"])
def test_fit_follows_a_variable(flavour, field):
    given = {"learning_rate": 0.5, "momentum": 0.5}
    variable, weights = tf.Variable(0.25), []
    for value in (variable, None):
        flavour.utils.set_random_seed(1)
        model = small(
            flavour, wrap("sgd", **{**given, field: 0.25 if value is None else value}, keras=flavour)
        )
        fit(model, 2)
        variable.assign(0.0)
        weights.append(fit(model, 2))
    assert any(not np.array_equal(ours, theirs) for ours, theirs in zip(*weights, strict=True))
