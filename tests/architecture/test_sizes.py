"""Files and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

import pytest

from support.project import MODULES, ROOT

FILES = [*MODULES, *sorted((ROOT / "contrib").rglob("*.py"))]
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FILE = 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_and_its_functions(path):
    text = path.read_text()

    assert text.count("\n") <= LONGEST_FILE
    assert [name for name, length in functions(text) if length > LONGEST_FUNCTION] == []


def test_median_file():
    assert statistics.median(path.read_text().count("\n") for path in FILES) <= MEDIAN_FILE


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield each function of a module with its number of lines, its docstring left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1
