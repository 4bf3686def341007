"""What the environment and code forbid is listed, is never imported, and says who forbids it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from optiplug._registry.control import Control
from optiplug._registry.registry import installed_plugins
from optiplug.errors import BlockedPluginError, BrokenPluginError, ConfigError
from optiplug.registry import Registry
from support.fake_distributions import config_module


@pytest.fixture
def strangers(install):
    """Two distributions with an optimizer each."""
    for name in ("fake-one", "fake-two"):
        module = name.replace("-", "_")
        points = {"optimizers": {module: f"{module}:Config"}}
        install(name, points=points, modules={module: config_module("Config")})


def usable():
    """Return what of the strangers and of the standard installation may be used."""
    registry = Registry()
    names = [
        entry for entry in registry.entries("optimizers") if entry.name in ("fake_one", "fake_two", "sgd")
    ]
    assert len(names) == 3
    return {entry.name for entry in names if registry.status(entry) != "blocked"}


@pytest.mark.parametrize(
    ("variables", "left"),
    [
        ({}, {"fake_one", "fake_two", "sgd"}),
        ({"OPTIPLUG_PLUGINS": "fake-one"}, {"fake_one", "sgd"}),
        ({"OPTIPLUG_PLUGINS": " Fake_One ,, fake.two"}, {"fake_one", "fake_two", "sgd"}),
        ({"OPTIPLUG_PLUGINS": ""}, {"sgd"}),
        ({"OPTIPLUG_PLUGINS": "elsewhere"}, {"sgd"}),
        ({"OPTIPLUG_DISABLE_AUTOLOAD": "1"}, {"sgd"}),
        ({"OPTIPLUG_DISABLE_AUTOLOAD": "0"}, {"fake_one", "fake_two", "sgd"}),
        ({"OPTIPLUG_DISABLE_AUTOLOAD": "true", "OPTIPLUG_PLUGINS": "fake-two"}, {"fake_two", "sgd"}),
        ({"OPTIPLUG_PLUGINS": "fake-one", "OPTIPLUG_BLOCK": "fake-one"}, {"sgd"}),
        ({"OPTIPLUG_BLOCK": "sgd,fake_two@fake-two"}, {"fake_one"}),
    ],
)
def test_what_the_environment_leaves(variables, left, strangers, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert usable() == left
    assert not {"fake_one", "fake_two"} & set(sys.modules)


def test_what_code_registers_is_always_on_offer(strangers, monkeypatch):
    from optiplug import OptimizerConfig

    class Mine(OptimizerConfig):
        """Mine."""

        implementation = "nowhere:Mine"

    monkeypatch.setenv("OPTIPLUG_DISABLE_AUTOLOAD", "1")
    registry = Registry()
    registry.register("optimizers", "mine", Mine)
    assert registry.get("optimizers", "mine") is Mine


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OPTIPLUG_PLUGINS", "fake-two", "is not among those that OPTIPLUG_PLUGINS allows"),
        ("OPTIPLUG_DISABLE_AUTOLOAD", "1", "is not .* as OPTIPLUG_DISABLE_AUTOLOAD is set"),
        ("OPTIPLUG_BLOCK", "fake-one", "is blocked by OPTIPLUG_BLOCK"),
    ],
)
def test_the_error_says_who_forbids_it_and_what_to_do(name, value, words, strangers, monkeypatch):
    monkeypatch.setenv(name, value)
    registry = Registry()
    for use in ("fake_one", "fake_one@fake-one"):
        with pytest.raises(BlockedPluginError, match=rf"fake_one@fake-one 1\.0 {words}.*Hint: .* there"):
            registry.find("optimizers", use)


@pytest.mark.parametrize("name", ["OPTIPLUG_STRICT", "OPTIPLUG_DISABLE_AUTOLOAD"])
def test_a_variable_that_is_no_truth_value_is_refused(name, monkeypatch):
    monkeypatch.setenv(name, "maybe")
    registry = Registry()  # as `import optiplug` makes one
    with pytest.raises(ConfigError, match=f"{name}: must be 1 or 0. Received: 'maybe'"):
        registry.find("optimizers", "sgd")


def test_strict_makes_any_trouble_an_error(strangers, install, monkeypatch):
    registry = Registry()
    registry.strict()
    assert registry.find("optimizers", "fake_one")
    install("fake-three", points={"optimizers": {"sgd": "fake_three:X"}})
    registry.refresh()
    for use in (lambda: registry.find("optimizers", "fake_one"), registry.entries):
        with pytest.raises(
            BrokenPluginError, match=r"sgd@fake-three 1\.0: the name is reserved.*optiplug doctor"
        ):
            use()
    registry.strict(False)
    assert registry.find("optimizers", "fake_one")
    monkeypatch.setenv("OPTIPLUG_STRICT", "1")
    with pytest.raises(BrokenPluginError):
        Registry().entries()


def test_a_blocked_name_that_is_nearly_there_is_warned_of(strangers, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_BLOCK", "fake-onee,nothing-like-it")
    with pytest.warns(RuntimeWarning, match="has 'fake-onee', .* did you mean 'fake-one'") as told:
        assert Registry().find("optimizers", "fake_one")
    assert len(told) == 1


def test_what_a_document_forbids_leaves_no_plugin_broken(install):
    """A plugin that uses another one while it is imported fails in a document that forbids that one."""
    source = f"from optiplug import registry\nregistry.get('optimizers', 'fake_base')\n{config_module('Top')}"
    install(
        "fake-base",
        points={"optimizers": {"fake_base": "fake_base:Base"}},
        modules={"fake_base": config_module("Base")},
    )
    install("fake-top", points={"optimizers": {"fake_top": "fake_top:Top"}}, modules={"fake_top": source})
    installed_plugins.refresh()
    try:
        forbidden = installed_plugins.limited({"plugins": {"block": ["fake-base"]}})
        with forbidden, pytest.raises(BrokenPluginError, match=r"blocked by `plugins\.block`"):
            installed_plugins.get("optimizers", "fake_top")
        assert installed_plugins.get("optimizers", "fake_top").__name__ == "Top"
    finally:
        installed_plugins.refresh()


def test_the_order_in_which_they_say_so():
    control = Control.of_environment({"OPTIPLUG_PLUGINS": "a", "OPTIPLUG_DISABLE_AUTOLOAD": "1"})
    assert (control.allowed, control.allowing) == (frozenset("a"), "OPTIPLUG_PLUGINS")


def test_a_limit_holds_in_its_thread_alone(strangers):
    registry, seen = Registry(), []

    def look():
        seen.append(registry.status(registry.find("optimizers", "fake_one")))

    with registry.limited({"plugins": {"block": ["fake-one"]}}):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        with pytest.raises(BlockedPluginError):
            look()
    assert seen == ["indexed"]


def test_the_command_line_exits_with_4(tmp_path):
    (tmp_path / "a.yaml").write_text("use: sgd\n")
    command = [sys.executable, "-m", "optiplug.cli", "check", str(tmp_path / "a.yaml")]
    environment = {**os.environ, "OPTIPLUG_BLOCK": "sgd"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (run.returncode, run.stdout) == (4, "")
    assert "a.yaml:1:6: use: sgd@optiplug-sgd 0.1.0 is blocked by OPTIPLUG_BLOCK" in run.stderr
