"""What code registers, and the names of things that have one."""

from __future__ import annotations

import importlib

import pytest

from optiplug._config.kinds import OptimizerConfig, ProcessorConfig
from optiplug.errors import AmbiguousPluginError, ConfigError, UnknownPluginError
from optiplug.registry import SESSION, Registry


class Mine(OptimizerConfig):
    """Registered by the tests below."""

    implementation = "nowhere:Mine"


class MyProcessor(ProcessorConfig):
    """Registered by the tests below."""

    implementation = "nowhere:MyProcessor"


def test_what_code_registers_is_found_by_name():
    registry = Registry()
    entry = registry.register("optimizers", "mine", Mine)
    assert entry.qualified == f"mine@{SESSION}"
    assert registry.get("optimizers", "mine") is Mine
    assert registry.get("optimizers", entry.qualified) is Mine
    assert registry.status(entry) == "loaded"
    assert entry in registry.entries("optimizers")
    assert registry.reference_of(Mine) == "mine"
    registry.refresh()
    assert registry.get("optimizers", "mine") is Mine
    registry.unregister("optimizers", "mine")
    registry.unregister("optimizers", "mine")
    with pytest.raises(UnknownPluginError):
        registry.find("optimizers", "mine")


def test_registering_again_replaces():
    registry = Registry()
    registry.register("optimizers", "mine", Mine)
    again = type(Mine)("Mine", (Mine,), {"__module__": __name__})
    registry.register("optimizers", "mine", again)
    assert registry.get("optimizers", "mine") is again
    with pytest.raises(UnknownPluginError, match="has no name"):
        registry.reference_of(Mine)


def test_a_registered_name_does_not_shadow_an_installed_one(swift):
    registry = Registry()
    registry.register("optimizers", "swift", Mine)
    with pytest.raises(AmbiguousPluginError, match=r"swift@fake-swift 1\.4, swift@this session"):
        registry.find("optimizers", "swift")
    assert registry.reference_of(Mine) == "swift@this session"
    assert registry.get("optimizers", "swift@this session") is Mine


@pytest.mark.parametrize(
    ("kind", "name", "obj"),
    [
        ("optimizers", "Mine", Mine),
        ("optimizers", "a.b", Mine),
        ("optimizer", "mine", Mine),
        ("processors", "mine", Mine),
        ("optimizers", "mine", Mine()),
        ("optimizers", "mine", OptimizerConfig),
        ("optimizers", "mine", print),
    ],
)
def test_what_cannot_be_registered(kind, name, obj):
    with pytest.raises(ConfigError):
        Registry().register(kind, name, obj)


def test_a_class_imported_directly_has_its_name_without_loading(swift):
    registry = Registry()
    config = importlib.import_module("fake_swift").Swift
    assert registry.reference_of(config) == "swift"
    assert registry.status(registry.find("optimizers", "swift")) == "indexed"


def test_an_implementation_has_the_name_of_its_config():
    class Hook:
        pass

    registry = Registry()
    config = type(MyProcessor)("Of", (MyProcessor,), {"__module__": __name__, "implementation": Hook})
    registry.register("processors", "of_hook", config)
    assert registry.reference_of(Hook) == "of_hook"


@pytest.mark.parametrize("thing", [Mine, print, 3, None, "mine", object()])
def test_what_is_not_registered_has_no_name(thing):
    with pytest.raises(UnknownPluginError, match=r"optiplug\.register"):
        Registry().reference_of(thing)
