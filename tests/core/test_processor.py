"""The base of processors: a config, state under its name, and a place that it may leave."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from optiplug import Processor, ProcessorConfig, hookimpl
from support.single_steps import stepped


class ScaledConfig(ProcessorConfig):
    """Scales gradients, and counts."""

    factor: float = 2.0


class Scaled(Processor):
    """Multiplies gradients and keeps the sum of its calls."""

    Config = ScaledConfig

    def build(self, var_list):
        super().build(var_list)
        self.calls = self.add_state("calls")

    @property
    def idle(self):
        return self.config.factor == 1.0

    @hookimpl
    def clip(self, gradients):
        self.calls.assign_add(1.0)
        return [gradient * self.config.factor for gradient in gradients]


ScaledConfig.implementation = Scaled


@pytest.fixture(autouse=True)
def _name(registered):
    registered(Scaled, "scaled")


def sgd(*processors):
    return optiplug.create("sgd", learning_rate=1.0, processors=list(processors), jit_compile=False)


def test_its_config_is_made_from_its_arguments():
    assert Scaled(factor=3.0).config == ScaledConfig(factor=3.0)
    assert repr(Scaled()) == f"<Scaled {ScaledConfig()!r}>"


def test_its_hook_and_its_state_take_part():
    optimizer = sgd({"use": "scaled", "factor": 0.5})

    assert stepped(optimizer, 1.0, 1.0).numpy() == 1.0
    (name,) = [name for name in optimizer.state.states if name.endswith("calls")]
    assert name.startswith("scaled/")
    assert optimizer.state.states[name].numpy() == 2.0


def test_it_sees_what_its_config_selects_and_nothing_else():
    optimizer = sgd({"use": "scaled", "factor": 0.0, "only": ["kernel"]})
    variables = [tf.Variable(1.0, name="kernel"), tf.Variable(1.0, name="bias")]
    optimizer.apply_gradients([(tf.constant(1.0), each) for each in variables])

    assert [each.numpy() for each in variables] == [1.0, 0.0]


def test_one_that_is_idle_stays_out_of_the_step():
    optimizer = sgd({"use": "scaled", "factor": 1.0})

    assert stepped(optimizer, 1.0).numpy() == 1.0
    calls = [each.numpy() for name, each in optimizer.state.states.items() if name.endswith("calls")]
    assert calls in ([], [0.0])
