import copy
import functools
import inspect
import json
import pickle
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug import Schedule, ScheduleConfig
from support.single_steps import stepped


class LineConfig(ScheduleConfig):
    """A straight line."""

    implementation = "nowhere:Line"

    slope: float = 0.5
    """Increase per step."""


class Line(Schedule):
    Config = LineConfig

    def value(self, step):
        return self.config.slope * step


def test_a_class_has_its_fields_and_is_called_with_a_step():
    assert list(inspect.signature(Line).parameters) == ["slope"]
    assert list(inspect.signature(Line()).parameters) == ["iteration", "dtype"]
    assert float(tf.function(Line(), autograph=False)(tf.constant(4))) == 2.0


@pytest.mark.parametrize("form", [int, np.int64, lambda step: tf.constant(step, tf.int64)])
def test_every_step_is_counted(form):
    steps = [2**24 + 1, 2**31 + 5, 2**40 + 1]
    assert [float(Line(1.0)(form(step), tf.float64)) for step in steps] == steps


def test_a_truth_value_counts_as_a_step():
    assert [float(Line()(step)) for step in (False, True)] == [0.0, 0.5]


@functools.cache
def outside():
    """A tensor that no trace makes; only a test may create one."""
    return tf.constant(0.5)


@functools.cache
def held():
    return tf.Variable(0.5)


FROZEN = {
    "a number": lambda: 0.5,
    "a tensor": lambda value=None: outside(),  # noqa: ARG005
    "computed of a number": lambda: tf.sqrt(tf.constant(0.5)) / 2,
    "computed of a tensor": lambda: outside() * 0.5,
    "a number in spite of the step": lambda step: 0.5,  # noqa: ARG005  # the signature of a schedule
    "a tensor in spite of the step": lambda step: outside() + 0.25,  # noqa: ARG005
}


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("field", ["momentum", "weight_decay", "clipnorm"])
def test_a_function_that_would_be_frozen_is_refused(field, frozen, jit_compile):
    outside()
    optimizer = optiplug.create("sgd", **{field: FROZEN[frozen]}, jit_compile=jit_compile)
    with pytest.raises(optiplug.ConfigError, match=r"its value would not change.*take the step"):
        stepped(optimizer, 1.0)


@functools.cache
def traced_of_variable():
    return tf.function(lambda: held() + 0.25, autograph=False)


FOLLOWED = {
    "the step": lambda step: 1 / tf.cast(step + 1, tf.float32),
    "a variable": lambda: held() * 0.5,
    "chance": lambda step: tf.random.uniform([]),  # noqa: ARG005
    "a function of a variable": lambda: 2 * traced_of_variable()(),
}


@pytest.mark.parametrize("followed", FOLLOWED)
def test_a_function_that_changes_is_not_refused(followed):
    held()
    stepped(optiplug.create("sgd", momentum=FOLLOWED[followed], jit_compile=False), 1.0)


def test_a_function_that_returns_a_variable_is_followed():
    strength = tf.Variable(0.5)
    optimizer = optiplug.create("sgd", learning_rate=1.0, weight_decay=lambda: strength)
    weight = stepped(optimizer, 0.0, start=8.0)
    strength.assign(0.25)
    optimizer.apply_gradients([(tf.constant(0.0), weight)])
    assert float(weight) == 8.0 * 0.5 * 0.75
    assert optimizer.trace_count == 1


def test_its_config_creates_it_again():
    schedule = optiplug.create("warmup", warmup_steps=3, schedule={"use": "constant", "value": 0.5})
    config = json.loads(json.dumps(schedule.get_config()))
    assert config["use"] == "warmup"
    again = optiplug.Schedule.from_config(config)
    assert type(again) is type(schedule)
    assert again.config == schedule.config


def test_what_is_in_code_only_has_no_config():
    with pytest.raises(optiplug.ConfigError, match="can be used in code only"):
        optiplug.create("product", schedules=[lambda step: step]).get_config()


@pytest.mark.parametrize("flavour", [keras, tf_keras])
def test_for_keras_it_is_a_schedule_of_keras(flavour):
    schedule = optiplug.create("constant", value=0.5)
    assert isinstance(schedule, flavour.optimizers.schedules.LearningRateSchedule)
    assert isinstance(schedule, optiplug.Schedule)
    assert not isinstance(schedule, flavour.optimizers.schedules.ExponentialDecay)
    assert type(schedule).__name__ == "Constant"


def pickled(schedule):
    return pickle.loads(pickle.dumps(schedule))  # noqa: S301  # its own


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_is_of_its_class(copied):
    schedule = optiplug.create("constant", value=0.5)
    assert type(copied(schedule)) is type(schedule)
    assert copied(schedule).config == schedule.config


def test_without_keras_it_is_of_its_own_class(monkeypatch):
    for name in ("keras", "tf_keras"):
        monkeypatch.delitem(sys.modules, name)
    schedule = optiplug.create("constant", value=0.5)
    assert schedule.__class__ is type(schedule)
