"""Registering classes of a session by name."""

from __future__ import annotations

import pytest

from optiplug import OptimizerConfig, ProcessorConfig, hookimpl, register, registry
from optiplug._config.base import resolve
from optiplug.errors import AmbiguousPluginError, ConfigError, UnknownPluginError
from optiplug.registry import KINDS, SESSION


@pytest.fixture(autouse=True)
def _forget():
    """Unregister whatever a test registered."""
    before = set(registry.entries())
    yield
    for entry in set(registry.entries()) - before:
        registry.unregister(entry.kind, entry.name)


def names(kind):
    return [entry.name for entry in registry.entries(kind) if entry.distribution == SESSION]


class HalveGradients:
    """Halve the gradients.

    No more than that.
    """

    @hookimpl
    def clip(self, gradients, step):
        return [gradient / 2 for gradient in gradients]


class WalkConfig(OptimizerConfig):
    """Walk."""

    pace: float = 1.0


class Walk:
    """What WalkConfig configures."""

    Config = WalkConfig

    def __init__(self, config):
        self.config = config


def test_a_class_with_hooks_gets_a_config():
    assert register(HalveGradients) is HalveGradients
    config = resolve("processors", {"use": "halve_gradients", "only": ["*/kernel"]})
    assert isinstance(config, ProcessorConfig)
    assert list(type(config).model_fields) == list(ProcessorConfig.model_fields)
    assert config.summary() == "Halve the gradients."
    assert config.dump() == {
        "use": "halve_gradients",
        "name": None,
        "only": ["*/kernel"],
        "skip": [],
        "min_ndim": 0,
    }
    hook = config.create()
    assert isinstance(hook, HalveGradients)
    assert hook.config is config, "the pipeline reads the selectors off the object"


def test_a_class_with_a_config_is_found_by_it():
    @register
    class Stroll(Walk):
        """Walk slowly."""

        class Config(OptimizerConfig):
            """Slow."""

            pace: float = 0.5

    config = resolve("optimizers", {"use": "stroll", "pace": 0.25})
    made = config.create()
    assert type(made) is Stroll
    assert made.config.pace == 0.25


def test_a_class_that_inherits_its_config_gets_one_of_its_own():
    @register(name="run")
    class Run(Walk):
        """Walk fast."""

    config = resolve("optimizers", {"use": "run", "pace": 3})
    assert type(config.create()) is Run
    assert Run.Config is type(config)
    assert Walk.Config is WalkConfig
    assert not hasattr(WalkConfig, "implementation")


def test_a_config_is_registered_as_it_is():
    class TrotConfig(WalkConfig):
        implementation = "nowhere:Trot"

    assert register(TrotConfig) is TrotConfig
    assert type(resolve("optimizers", "trot")) is TrotConfig


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CountSteps", "count_steps"),
        ("SGD", "sgd"),
        ("MyL2Decay", "my_l2_decay"),
        ("HTTPThing", "http_thing"),
        ("plain", "plain"),
        ("_Hidden", "hidden"),
    ],
)
def test_names_are_snake_case(name, expected):
    register(type(name, (HalveGradients,), {}))
    assert names("processors") == [expected]


def test_registering_twice_keeps_the_last():
    register(HalveGradients, "mine")
    other = type("Other", (HalveGradients,), {})
    register(other, "mine")
    assert names("processors") == ["mine"]
    assert isinstance(resolve("processors", "mine").create(), other)
    with pytest.raises(UnknownPluginError):
        registry.reference_of(HalveGradients)


class NeedsArguments(HalveGradients):
    def __init__(self, factor=2):
        self.factor = factor


@pytest.mark.parametrize("thing", [3, "sgd", HalveGradients(), Walk(None), int, object, print, lambda: 3])
def test_what_cannot_be_registered(thing):
    with pytest.raises(ConfigError, match="only a Config, a class with a Config, or a class with hooks"):
        register(thing)


def test_a_hook_with_arguments_needs_a_config():
    with pytest.raises(ConfigError, match=r"NeedsArguments takes arguments.*Hint: .*Config"):
        register(NeedsArguments)


@pytest.mark.parametrize("name", ["Mine", "my name", "a.b", ""])
def test_names_that_no_config_could_use(name):
    with pytest.raises(ConfigError, match="must match"):
        register(HalveGradients, name)


def test_reserved_names_stay_reserved():
    with pytest.raises(AmbiguousPluginError, match="reserved for clip_by_norm@optiplug-processors"):
        register(HalveGradients, "clip_by_norm")
    assert all(not names(kind) for kind in KINDS)
