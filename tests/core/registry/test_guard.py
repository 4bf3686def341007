"""Whoever is in force is asked before a plugin is used, in this thread and for this block."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from optiplug._registry.guard import in_force
from optiplug.errors import BlockedPluginError, IncompatiblePluginError, UnknownPluginError
from optiplug.registry import Registry


class Refusing:
    def __init__(self):
        self.asked = []

    def permit(self, entry, *, by_code):
        self.asked.append((entry.name, by_code))
        raise IncompatiblePluginError("not this one")

    def absent(self, kind, wanted):
        self.asked.append((kind, wanted.name))
        return IncompatiblePluginError("it was here") if wanted.name == "gone" else None


@pytest.fixture
def refusing():
    guard = Refusing()
    token = in_force.set(guard)
    yield guard
    in_force.reset(token)


def test_nothing_is_imported_that_is_not_permitted(swift, refusing):
    with pytest.raises(IncompatiblePluginError, match="not this one"):
        Registry().get("optimizers", "swift")
    assert refusing.asked == [("swift", False)]
    assert "fake_swift" not in sys.modules


def test_it_is_asked_of_what_was_imported_and_of_code(swift):
    registry, guard = Registry(), Refusing()
    config = registry.get("optimizers", "swift")
    registry.register("optimizers", "mine", config)
    token = in_force.set(guard)
    try:
        for name in ("swift", "mine"):
            with pytest.raises(IncompatiblePluginError):
                registry.get("optimizers", name)
    finally:
        in_force.reset(token)
    assert guard.asked == [("swift", False), ("mine", True)]
    assert registry.get("optimizers", "swift") is config


def test_what_is_blocked_stays_blocked(swift, refusing):
    registry = Registry()
    entry = registry.find("optimizers", "swift")
    registry.block("swift")
    with pytest.raises(BlockedPluginError):
        registry.load(entry)
    assert refusing.asked == []


def test_it_may_know_more_of_what_is_not_here(refusing):
    with pytest.raises(IncompatiblePluginError, match="it was here"):
        Registry().find("optimizers", "gone")
    with pytest.raises(UnknownPluginError, match="no installed distribution offers 'never'"):
        Registry().find("optimizers", "never")
    assert refusing.asked == [("optimizers", "gone"), ("optimizers", "never")]


def test_another_thread_is_not_guarded(swift, refusing):
    registry = Registry()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(registry.get, "optimizers", "swift").result().__name__ == "Swift"
    assert refusing.asked == []
