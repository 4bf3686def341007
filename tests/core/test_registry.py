"""The functions of the module act on the one registry of the process."""

from __future__ import annotations

import pytest

import optiplug
from optiplug import registry
from optiplug._registry.registry import installed_plugins
from optiplug.errors import BlockedPluginError


def test_every_function_is_a_method_of_one_registry():
    functions = {name for name in registry.__all__ if name.islower()} - {"lazy_names"}  # for packages

    assert len(functions) > 10
    for name in functions:
        assert getattr(registry, name).__self__ is installed_plugins


def test_what_it_blocks_is_blocked_for_all():
    registry.block("sgd")
    try:
        with pytest.raises(BlockedPluginError):
            optiplug.create("sgd")
    finally:
        registry.unblock("sgd")
    assert optiplug.create("sgd").config.dump()["use"] == "sgd"


def test_the_name_of_an_earlier_version_is_deprecated():
    with pytest.warns(FutureWarning, match="write `from optiplug import registry`"):
        assert registry.registry is installed_plugins
    with pytest.raises(AttributeError, match="no attribute 'regsitry'"):
        _ = registry.regsitry
