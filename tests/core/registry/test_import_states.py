"""The state of a distribution is another one once anything has changed on which its import depends."""

from __future__ import annotations

import os
import sys
import zipfile

import pytest

from optiplug._registry import import_states
from optiplug._registry.import_states import ImportStates
from optiplug._registry.registry import Registry

POINTS = {"optimizers": {"swift": "fake_swift.config:Swift", "other": "fake_other:Other"}}


@pytest.fixture
def swift(install, tmp_path):
    """A distribution with a package and a module, and where it is."""
    home = tmp_path / "fake-swift-1.0"
    install("fake-swift", points=POINTS, modules={"fake_other": ""})
    (home / "fake_swift" / "inner").mkdir(parents=True)
    for name in ("__init__.py", "config.py", "inner/table.csv"):
        (home / "fake_swift" / name).touch()
    return home


def state():
    return ImportStates().of(Registry().offers["fake-swift"])


def test_it_stays_as_long_as_nothing_changes(swift):
    assert len(state()) == 64
    assert state() == state()


def test_what_python_compiles_is_no_change(swift):
    before = state()
    (swift / "fake_swift" / "__pycache__").mkdir()
    (swift / "fake_swift" / "__pycache__" / "config.pyc").touch()
    assert state() == before


def later(path):
    os.utime(path, ns=(path.stat().st_mtime_ns + 1_000_000,) * 2)


CHANGES = {
    "another text": lambda home: (home / "fake_swift/config.py").write_text("X = 1"),
    "another time": lambda home: later(home / "fake_swift/config.py"),
    "the package": lambda home: (home / "fake_swift/__init__.py").write_text("X = 1"),
    "a table": lambda home: (home / "fake_swift/inner/table.csv").write_text("1"),
    "a new file": lambda home: (home / "fake_swift/new.py").touch(),
    "a new folder": lambda home: (home / "fake_swift/new").mkdir(),
    "one file less": lambda home: (home / "fake_swift/inner/table.csv").unlink(),
    "the other module": lambda home: (home / "fake_other.py").write_text("X = 1"),
    "entry points": lambda home: later(home / "fake_swift-1.0.dist-info/entry_points.txt"),
    "the record": lambda home: (home / "fake_swift-1.0.dist-info/RECORD").touch(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_another_state(swift, change):
    before = state()
    change(swift)
    assert state() != before


def test_what_is_installed_beside_it_is_another_state(swift, install, tmp_path):
    before = state()
    install("fake-beside")
    between = state()
    later(tmp_path / "fake-beside-1.0" / "fake_beside-1.0.dist-info" / "METADATA")
    assert len({before, between, state()}) == 3


def test_another_python_is_another_state(swift, monkeypatch):
    before = state()
    monkeypatch.setattr(sys, "version", "4.0")
    assert state() != before


def test_of_too_many_files_there_is_none(swift, monkeypatch):
    monkeypatch.setattr(import_states, "_MOST_FILES", 6)
    assert state() == ""


def test_of_an_archive_there_is_none(install, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "swift.zip", "w") as file:
        file.writestr("fake_swift/__init__.py", "")
    monkeypatch.syspath_prepend(tmp_path / "swift.zip")
    install("fake-swift", points={"optimizers": {"swift": "fake_swift:Swift"}})
    assert state() == ""


def test_a_package_that_is_not_there_is_no_error(install):
    install("fake-swift", points={"optimizers": {"swift": "fake_none:Swift", "odd": ":", "x": "a b"}})
    assert len(state()) == 64
