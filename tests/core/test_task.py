"""A task is whatever has the methods of one."""

from __future__ import annotations

import pytest

from optiplug import Task, TaskConfig, registry

PARTS = ("variables", "build", "batch", "loss", "evaluate")


@pytest.mark.parametrize("missing", ["nothing", *PARTS])
def test_what_lacks_a_part_is_none(missing):
    thing = type("Thing", (), {name: (lambda *_: None) for name in PARTS if name != missing})()

    assert isinstance(thing, Task) == (missing == "nothing")


def test_tasks_that_are_installed_are_tasks():
    assert registry.entries("tasks")
    for entry in registry.entries("tasks"):
        config = registry.load(entry)
        assert issubclass(config, TaskConfig)
        assert set(PARTS) <= set(dir(config.load_implementation()))
