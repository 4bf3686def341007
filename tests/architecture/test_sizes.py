"""Files and functions stay small enough to be read in one go, those of the tests too."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

import pytest

from support.project import MODULES, ROOT

FOLDERS = ("benchmarks", "contrib", "core", "docs", "plugins", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FILE = 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_and_its_functions(path):
    text = path.read_text()

    assert text.count("\n") <= LONGEST_FILE
    assert [name for name, length in functions(text) if length > LONGEST_FUNCTION] == []


def test_median_file():
    assert statistics.median(path.read_text().count("\n") for path in MODULES) <= MEDIAN_FILE


def test_functions_are_measured_without_their_docstrings():
    text = 'def long():\n    """\n    What it does.\n    """\n    pass\n    pass\n'
    assert list(functions(text)) == [("long", 2)]


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield each function of a module with its number of lines, its docstring left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1
