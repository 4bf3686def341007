"""The stage `rate`: learning rates that differ from variable to variable."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from support.single_steps import stepped
from support.trajectories import variables_of


class Double:
    @hookimpl
    def rate(self, rates):
        return [2 * rate for rate in rates]


class HalveSecond:
    @hookimpl
    def rate(self, rates, step):
        return [
            rate / 2 if each.path == "w1" else rate for rate, each in zip(rates, step.variables, strict=True)
        ]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_each_variable_has_its_own(jit_compile):
    variables = variables_of([np.ones([2]), np.ones([2])], "float32")
    optimizer = optiplug.create(
        "sgd", learning_rate=0.25, processors=[Double(), HalveSecond()], jit_compile=jit_compile
    )
    optimizer.apply_gradients([(tf.ones([2]), each) for each in variables])
    assert [each.numpy().tolist() for each in variables] == [[0.5, 0.5], [0.75, 0.75]]
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients([(tf.ones([2]), each) for each in variables])
    assert [each.numpy().tolist() for each in variables] == [[-0.5, -0.5], [0.25, 0.25]]
    assert optimizer.trace_count == 1


def test_decoupled_decay_follows():
    variable = stepped(
        optiplug.create("sgd", learning_rate=0.25, weight_decay=0.5, processors=[Double()]), 0.0, start=1.0
    )
    assert float(variable) == 1 - 0.5 * 0.5


def test_a_rate_must_stay_a_scalar_of_its_dtype():
    class Wide:
        @hookimpl
        def rate(self, rates):
            return [tf.stack([rate, rate]) for rate in rates]

    with pytest.raises(
        optiplug.HookError, match=r"hook 'rate' .*float32 tensor of shape \(\) must be returned"
    ):
        stepped(optiplug.create("sgd", processors=[Wide()]), 1.0)


def test_a_rate_cannot_count_steps():
    class Counting(optiplug.Processor):
        class Config(optiplug.ProcessorConfig):
            """Counts."""

        def build(self, variables):
            super().build(variables)
            self.count = self.add_state("count")

        @hookimpl
        def rate(self, rates):
            self.count.assign_add(1)
            return rates

    with pytest.raises(optiplug.HookError, match=r"nothing can be assigned in the stage `rate`.*count"):
        stepped(optiplug.create("sgd", processors=[Counting()]), 1.0)


def test_a_class_written_for_keras_follows():
    class Plain(optiplug.Optimizer):
        def __init__(self, learning_rate=0.25, **keywords):
            super().__init__(name="plain", **keywords)
            self._learning_rate = self._build_learning_rate(learning_rate)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient * tf.cast(self.learning_rate, variable.dtype))

    assert float(stepped(Plain(processors=[Double()]), 1.0, start=1.0)) == 0.5


def test_a_schedule_inside_is_read_first():
    schedule = {"use": "piecewise_constant", "boundaries": [1], "values": [0.25, 0.125]}
    variable = stepped(
        optiplug.create("sgd", learning_rate=schedule, processors=[Double()]), 1.0, 1.0, 1.0, start=1.0
    )
    assert float(variable) == 1 - 0.5 - 0.5 - 0.25
