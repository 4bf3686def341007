import inspect

import numpy as np
import pytest
import tensorflow as tf

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


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_function_that_would_be_frozen_is_refused(jit_compile):
    for value in (0.5, tf.constant(0.5)):
        optimizer = optiplug.create("sgd", momentum=lambda value=value: value, jit_compile=jit_compile)
        with pytest.raises(optiplug.ConfigError, match=r"its value would not change.*take the step"):
            stepped(optimizer, 1.0)


def test_a_function_that_returns_a_variable_is_followed():
    strength = tf.Variable(0.5)
    optimizer = optiplug.create("sgd", learning_rate=1.0, weight_decay=lambda: strength)
    weight = stepped(optimizer, 0.0, start=8.0)
    strength.assign(0.25)
    optimizer.apply_gradients([(tf.constant(0.0), weight)])
    assert float(weight) == 8.0 * 0.5 * 0.75
    assert optimizer.trace_count == 1
