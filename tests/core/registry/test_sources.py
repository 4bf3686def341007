"""The source of a module is found where an import would find it, and nothing is imported."""

from __future__ import annotations

import importlib.util
import os
import sys
import zipfile

import pytest

from optiplug import registry
from optiplug._registry.sources import UnreadableSourceError, is_package, source_of, spec_of

LOUD = "raise AssertionError('imported')\n"
MODULES = ["json", "json.decoder", "xml.dom.minidom", "optiplug._registry.sources", "typer.main", "sys"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder, **files):
    """Write files, whose names have `__` for a slash and `_py` for the suffix."""
    for name, text in files.items():
        path = folder / name.replace("_py", ".py").replace("__", "/").replace("/init.py", "/__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    "module", [*MODULES, *sorted({entry.target.partition(":")[0] for entry in registry.entries("schedules")})]
)
def test_it_is_what_an_import_would_find(module):
    found, expected = spec_of(module), importlib.util.find_spec(module)
    assert (found.name, found.origin) == (expected.name, expected.origin)


@pytest.mark.parametrize(
    "module", ["no_such", "json.no_such", "json.decoder.inner", "", ".", "..json", "/etc", "a b", "json:x"]
)
def test_what_is_not_there_is_not_found(module):
    assert spec_of(module) is None


def test_packages_around_a_module_are_not_imported(folder):
    write(folder, loud__init_py=LOUD, loud__inner__init_py=LOUD, loud__inner__config_py=f"X = 1\n{LOUD}")
    assert source_of(spec_of("loud.inner.config")).startswith("X = 1")
    assert is_package(spec_of("loud.inner"))
    assert not is_package(spec_of("loud.inner.config"))
    assert not [name for name in sys.modules if name.startswith("loud")]


def test_a_package_without_a_file_is_searched_in_all_places(folder, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    monkeypatch.syspath_prepend(other)
    write(other, space__deep__one_py="1")
    write(folder, space__deep__two_py="2")
    assert source_of(spec_of("space.deep.one")) == "1"
    assert source_of(spec_of("space.deep.two")) == "2"
    assert spec_of("space.deep.three") is None


def test_a_finder_of_an_editable_installation_is_asked(tmp_path, monkeypatch):
    write(tmp_path, here_py="X = 'edited'\n")

    class Finder:
        @staticmethod
        def find_spec(name, _path=None, _target=None):
            if name == "fake_editable":
                return importlib.util.spec_from_file_location(name, tmp_path / "here.py")
            return None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert source_of(spec_of("fake_editable")) == "X = 'edited'\n"


def test_a_finder_that_raises_harms_nobody(monkeypatch):
    class Finder:
        @staticmethod
        def find_spec(*_):
            raise RuntimeError

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert spec_of("json.decoder")


def test_the_source_in_an_archive_is_read(tmp_path, monkeypatch):
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped/__init__.py", LOUD)
        file.writestr("zipped/config.py", "X = 'zipped'\n")
    monkeypatch.syspath_prepend(archive)
    assert source_of(spec_of("zipped.config")) == "X = 'zipped'\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# \xff\n", "its module is no text in its encoding"),
        (b"#\n" * 9 + b"# \xff\n", "its module is no text in its encoding"),
        (b"# coding: none-such\n", "its module is no text in its encoding"),
        (b"#" * 300_000, "its module has more than 262,144 bytes"),
    ],
    ids=["bytes", "later bytes", "coding", "long"],
)
def test_what_is_not_worth_reading_says_so(folder, content, reason):
    (folder / "odd_module.py").write_bytes(content)
    with pytest.raises(UnreadableSourceError, match=reason):
        source_of(spec_of("odd_module"))


def test_a_compiled_module_has_no_source():
    spec = importlib.util.find_spec("pydantic_core._pydantic_core")
    with pytest.raises(UnreadableSourceError, match="its module has no source"):
        source_of(spec)


def test_a_pipe_is_no_module(folder):
    os.mkfifo(folder / "piped.py")
    assert spec_of("piped") is None
