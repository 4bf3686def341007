"""What `optiplug test` is to try, and on how many devices: a plugin of pytest.

Workers of xdist load it, too, so all of it is told by options.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest

from optiplug import NamedConfig, registry
from optiplug.testing import Check, checks, parametrize_with_checks

from .words import muted_stderr

__all__ = ["config_of", "levelled"]

_DEVICES = 4
_SAID = ("commands/", "tasks/")  # what is promised of these takes no step


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what is to be tried."""
    group = parser.getgroup("optiplug")
    group.addoption("--promises-of", action="append", default=[], help="KIND/NAME@DISTRIBUTION of a plugin")
    group.addoption("--promises-level", default="full", help="how much is tried: config or full")
    group.addoption("--promises-expected", action="append", default=[], help="CHECK=REASON of a failure")


def pytest_configure(config: pytest.Config) -> None:
    """Divide the CPU, so that promises about several devices are tried."""
    only_leads = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    only_says = all(name.startswith(_SAID) for name in config.option.promises_of)
    if only_leads or only_says or config.option.promises_level == "config":
        return
    with muted_stderr():
        import tensorflow as tf

        (cpu, *_) = tf.config.list_physical_devices("CPU")
    with contextlib.suppress(RuntimeError):  # devices that have been used stay as they are
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * _DEVICES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make the tests of one kind, as `parametrize_with_checks` makes them in a file of an author's."""
    kind = metafunc.function.__name__.removeprefix("test_")
    options = metafunc.config.option
    named = [text.partition("/")[2] for text in options.promises_of if text.startswith(f"{kind}/")]
    reasons = dict(text.split("=", 1) for text in options.promises_expected)
    # The checks of a kind import TensorFlow.
    wanted = {each.name for each in levelled(kind, options.promises_level)} if named else set()
    cases = [
        # Called by its distribution, too: a class may have several names, and a name several classes.
        pytest.param(*case.values, id=f"{name}-{case.values[1].name}", marks=case.marks)
        for name in named
        for case in _cases(config_of(registry.find(kind, name)), reasons)
        if case.values[1].name in wanted
    ]
    metafunc.parametrize(("config", "check"), cases)


def levelled(kind: str, level: str) -> list[Check]:
    """Return the checks of a kind that belong to a level."""
    every = checks(kind)
    said = [each for each in every if each.function.__module__ == "optiplug.testing.configs"]
    return said if level == "config" else list(every)


def config_of(entry: registry.Entry) -> NamedConfig:
    """Return the config that the author of a plugin gives as an example."""
    config = registry.load(entry)
    example: NamedConfig = config(**config.example)
    return example


def _cases(config: NamedConfig, reasons: Mapping[str, str]) -> list[Any]:
    """Return what `parametrize_with_checks` makes of a config and of the failures that are expected."""
    _, cases = parametrize_with_checks([config]).args
    expected = {case.id: reasons[case.values[1].name] for case in cases if case.values[1].name in reasons}
    _, cases = parametrize_with_checks([config], expected_failures=expected).args
    return list(cases)
