"""The test file of a source file of the core has its name, and the other way round.

``core/optiplug/_room/part.py`` is tested by ``tests/core/room/test_part.py``, or by several files
``test_part_TOPIC.py`` beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import PurePath

from support.project_paths import ROOT

CORE, TESTS = ROOT / "core" / "optiplug", ROOT / "tests" / "core"
SOURCES = sorted(path.relative_to(CORE) for path in CORE.rglob("*.py"))
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))
UNTESTED = {"__init__", "__main__"}
LONGEST_NAME = 60


def test_each_source_file_has_a_test_file():
    assert len(SOURCES) > 80
    assert untested(SOURCES, FILES) == []


def test_each_test_file_names_a_source_file():
    assert len(FILES) > 80
    assert strangers(SOURCES, FILES) == []


def test_a_file_without_its_other_half_is_found():
    one, other = PurePath("_room/part.py"), PurePath("room/test_part.py")

    assert untested([one], [other]) == strangers([one], [other]) == []
    assert untested([one], [PurePath("room/test_part_topic.py")]) == []
    assert strangers([one], [PurePath("room/test_part_topic.py")]) == []
    assert untested([PurePath("_top.py")], [PurePath("test_top.py")]) == []
    assert untested([PurePath("_room/__init__.py")], []) == []
    for wrong in ("test_part.py", "other/test_part.py", "room/test_parts.py", "room/test_topic_part.py"):
        assert untested([one], [PurePath(wrong)]) == ["_room/part.py"]
        assert strangers([one], [PurePath(wrong)]) == [wrong]


def test_names_of_tests_are_short():
    names = [
        (path, name) for path in (ROOT / "tests").rglob("*.py") for name in names_of_tests(path.read_text())
    ]

    assert len(names) > 1000
    assert [f"{path.relative_to(ROOT)}: {name}" for path, name in names if len(name) > LONGEST_NAME] == []


def test_names_are_read():
    text = "def test_one(): pass\nclass Test:\n    def test_two(self): pass\ndef other(): pass\n"

    assert list(names_of_tests(text)) == ["test_one", "test_two"]


def untested(sources: Iterable[PurePath], files: Iterable[PurePath]) -> list[str]:
    """Return the source files that no test file names."""
    named = {name for file in files for name in names_of(file)}
    return [
        source.as_posix()
        for source in sources
        if source.stem not in UNTESTED and mirrored(source) not in named
    ]


def strangers(sources: Iterable[PurePath], files: Iterable[PurePath]) -> list[str]:
    """Return the test files that name no source file."""
    known = {mirrored(source) for source in sources}
    return [file.as_posix() for file in files if not names_of(file) & known]


def mirrored(source: PurePath) -> str:
    """Return what the tests call a source file: the private underscores dropped."""
    return "/".join(part.removeprefix("_") for part in source.with_suffix("").parts)


def names_of(file: PurePath) -> set[str]:
    """Return the names of all source files that a test file may be about: with a topic, or without."""
    words = file.stem.removeprefix("test_").split("_")
    folder = file.parent.as_posix().removeprefix(".")
    prefix = f"{folder}/" if folder else ""
    return {prefix + "_".join(words[:count]) for count in range(1, len(words) + 1)}


def names_of_tests(text: str) -> Iterable[str]:
    """Yield the names of the test functions of a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
