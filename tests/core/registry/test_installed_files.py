"""The sum of the files of a distribution is that of what Python would import."""

from __future__ import annotations

import os
import sys
import types

import pytest

from optiplug._registry.installed_files import (
    files_in,
    sha256_of,
    sha256_of_code,
    sha256_of_distribution,
    uncovered,
)
from optiplug.errors import BrokenPluginError

POINTS = "[optiplug.optimizers]\nswift = fake_swift.config:Swift\n"
FILES = {"fake_swift/__init__.py": "", "fake_swift/config.py": "RATE = 1\n", "fake_swift/table.json": "[1]"}


@pytest.fixture
def wheel(tmp_path):
    """Install a wheel, or an editable distribution, of these files into a folder and return its sum."""

    def installed(folder="one", files=FILES, *, record=True, editable=False, installer=("INSTALLER",)):
        site = tmp_path / folder
        metadata = site / "fake_swift-1.0.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-swift\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(POINTS)
        for name, text in files.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        names = ["fake_swift.pth", "__editable___fake_swift_finder.py"] if editable else list(files)
        for name in installer:
            (metadata / name).write_text(folder)
            names.append(f"{metadata.name}/{name}")
        if record:
            (metadata / "RECORD").write_text("".join(f"{name},,\n" for name in names))
        return sum_in(site)

    def sum_in(site):
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(site)
            return sha256_of_distribution("fake-swift")

    return installed


@pytest.mark.parametrize(
    "differs",
    [
        {},
        {"editable": True},
        {"record": False},
        {"installer": ("INSTALLER", "REQUESTED", "direct_url.json")},
        {"files": {**FILES, "fake_swift/__pycache__/config.cpython-311.pyc": "compiled"}},
        {"files": {**FILES, "fake_swift/.config.py.swp": "of an editor"}},
    ],
    ids=lambda differs: next(iter(differs), "folder"),
)
def test_it_is_that_of_the_same_files(wheel, differs):
    assert wheel() == wheel("two", **differs)


@pytest.mark.parametrize("editable", [False, True])
@pytest.mark.parametrize(
    "changed",
    [
        {"fake_swift/config.py": "RATE = 2\n"},
        {"fake_swift/table.json": "[2]"},
        {"fake_swift/more.py": "RATE = 1\n"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_file_gives_another(wheel, changed, editable):
    assert wheel(editable=editable) != wheel("two", {**FILES, **changed}, editable=editable)


def test_another_class_of_the_same_files_gives_another(wheel, tmp_path):
    before = wheel()
    points = tmp_path / "one/fake_swift-1.0.dist-info/entry_points.txt"
    points.write_text(POINTS.replace(":Swift", ":Other"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path / "one")
        assert sha256_of_distribution("fake-swift") != before
        points.write_text("[optiplug.optimizers]\n= =\n[[\nswift\n")
        with pytest.raises(BrokenPluginError, match="the entry points of fake-swift cannot be read"):
            sha256_of_distribution("fake-swift")


def test_a_recorded_package_without_entry_point_counts(wheel):
    first, second = ({**FILES, "fake_formula.py": f"RATE = {rate}\n"} for rate in (1, 2))
    assert wheel("one", first) != wheel("two", second)


def test_a_namespace_is_not_taken_for_the_package(tmp_path, monkeypatch):
    for name in ("fake_space/mine/__init__.py", "fake_space/theirs/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    before = sha256_of_code(["fake_space.mine.config:Swift"])
    (tmp_path / "fake_space/theirs/__init__.py").write_text("RATE = 2")
    assert sha256_of_code(["fake_space.mine.config:Swift"]) == before
    (tmp_path / "fake_space/mine/__init__.py").write_text("RATE = 2")
    assert sha256_of_code(["fake_space.mine.config:Swift"]) != before
    assert "fake_space" not in sys.modules


def test_nothing_is_imported(wheel):
    wheel("one", {**FILES, "fake_swift/__init__.py": "raise AssertionError('imported')"})
    assert "fake_swift" not in sys.modules


def test_a_script_counts_as_a_whole(tmp_path, monkeypatch):
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    main.__file__ = str(tmp_path / "script.py")
    written = type("Written", (), {"__module__": "__main__"})
    sums = []
    for text in ("RATE = 1", "RATE = 2"):
        (tmp_path / "script.py").write_text(text)
        sums.append(sha256_of_code([written]))
    assert sums[0] != sums[1]


def test_code_without_source_has_no_sum(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    assert sha256_of_code([type("Typed", (), {"__module__": "__main__"})]) is None
    assert sha256_of_code(["nowhere:Swift"]) is None


def test_a_pipe_is_refused_and_not_waited_for(wheel, tmp_path):
    wheel()
    os.mkfifo(tmp_path / "one/fake_swift/pipe.py")
    with pytest.raises(BrokenPluginError, match="no regular file"):
        wheel()


def test_names_and_contents_are_told_apart(tmp_path):
    for name, text in (("a", "b"), ("b", "a")):
        (tmp_path / name).write_text(text)
    files = files_in(tmp_path)
    assert sorted(files) == ["a", "b"]
    assert sha256_of(files) != sha256_of({"a": files["b"], "b": files["a"]})


def test_classes_in_other_files_are_not_covered(wheel, tmp_path, monkeypatch):
    (tmp_path / "fake_formula.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    things = ["fake_swift.config:Swift", "fake_formula:Swift", "nowhere:Swift"]
    for editable in (False, True):
        wheel(editable=editable)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / "one")
            assert uncovered(["fake-swift"], things) == ["fake_formula:Swift"]
            assert uncovered(["fake-swift", "optiplug-sgd"], ["optiplug_sgd.sgd:SGD"]) == []
    wheel(files={**FILES, "fake_formula.py": "RATE = 1\n"})
    monkeypatch.syspath_prepend(tmp_path / "one")
    assert uncovered(["fake-swift"], things) == []
