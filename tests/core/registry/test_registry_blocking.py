"""A blocked plugin is listed and never imported."""

from __future__ import annotations

import sys

import pytest

from optiplug.errors import BlockedPluginError
from optiplug.registry import Registry


@pytest.mark.parametrize("reference", ["swift", "swift@fake-swift", "fake-swift", "Fake_Swift", " swift "])
def test_blocking(reference, swift):
    registry = Registry()
    entry = registry.find("optimizers", "swift")
    registry.block(reference)
    assert registry.status(entry) == "blocked"
    assert "OPTIPLUG_BLOCK" in registry.error(entry)
    for use in (lambda: registry.find("optimizers", "swift@fake-swift"), lambda: registry.load(entry)):
        with pytest.raises(BlockedPluginError, match=r"swift@fake-swift 1\.4 is blocked"):
            use()
    assert "fake_swift" not in sys.modules
    registry.unblock(reference)
    assert registry.get("optimizers", "swift").__name__ == "Swift"
    registry.block(reference)
    with pytest.raises(BlockedPluginError):
        registry.load(entry)


def test_the_environment_blocks(swift, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_BLOCK", "nothing, swift@fake-swift ,,")
    with pytest.raises(BlockedPluginError):
        Registry().get("optimizers", "swift")


def test_blocking_one_of_two_leaves_the_other(install, swift):
    install("fake-other", points={"optimizers": {"swift": "m:X"}})
    registry = Registry()
    registry.block("fake-other")
    assert registry.find("optimizers", "swift").distribution == "fake-swift"
    assert registry.status(registry.find("optimizers", "swift")) == "indexed"
