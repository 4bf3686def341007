"""All plugins inside of a config are found, wherever they are."""

from __future__ import annotations

import optiplug
from optiplug import hookimpl, registry
from optiplug._config.base import resolve
from optiplug._config.inside import configs


def test_each_config_has_its_path_the_outer_ones_first():
    schedule = {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5}
    config = resolve("optimizers", {"use": "sgd", "learning_rate": schedule, "processors": [{"use": "agc"}]})
    found = [(path, type(each).__name__) for path, each in configs({"optimizer": config})]
    assert found[0] == (("optimizer",), "SGDConfig")
    assert {
        (("optimizer", "learning_rate"), "ExponentialConfig"),
        (("optimizer", "processors", 0), "AGCConfig"),
    } <= {*found}


def test_a_processor_that_code_has_registered_has_one():
    @optiplug.register
    class Idle:
        @hookimpl
        def clip(self, gradients, step):
            return gradients

    try:
        ((path, config),) = configs([Idle()])
        assert path == (0,)
        assert registry.reference_of(type(config)) == "idle"
    finally:
        registry.unregister("processors", "idle")


def test_hooks_that_nobody_has_registered_have_none():
    class Own:
        @hookimpl
        def clip(self, gradients, step):
            return gradients

    assert list(configs({"processors": [Own()]})) == []
    assert optiplug.from_config({"use": "sgd", "processors": [Own()]}).name == "sgd"
