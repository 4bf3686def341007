"""Files and functions stay small enough to be read in one go, those of the tests too."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

from support.project_paths import MODULES, ROOT

FOLDERS = ("benchmarks", "contrib", "core", "docs", "plugins", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FILE = 130


def test_files_and_their_functions():
    assert len(FILES) > 300
    assert [
        f"{path.relative_to(ROOT)}: {each}" for path in FILES for each in too_long(path.read_text())
    ] == []


def test_median_file():
    assert statistics.median(path.read_text().count("\n") for path in MODULES) <= MEDIAN_FILE


def test_a_long_file_and_a_long_function_are_found():
    assert list(too_long("pass\n" * LONGEST_FILE)) == []
    assert list(too_long("pass\n" * (LONGEST_FILE + 1))) == [f"{LONGEST_FILE + 1} lines"]
    body = "    pass\n" * LONGEST_FUNCTION
    assert list(too_long(f"def short():\n{body}")) == []
    assert list(too_long(f"def long():\n{body}    pass\n")) == [f"long has {LONGEST_FUNCTION + 1} lines"]


def test_functions_are_measured_without_their_docstrings():
    text = 'def long():\n    """\n    What it does.\n    """\n    pass\n    pass\n'
    assert list(functions(text)) == [("long", 2)]


def too_long(text: str) -> Iterator[str]:
    """Yield what is too long in a module."""
    if text.count("\n") > LONGEST_FILE:
        yield f"{text.count(chr(10))} lines"
    for name, length in functions(text):
        if length > LONGEST_FUNCTION:
            yield f"{name} has {length} lines"


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield each function of a module with its number of lines, its docstring left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1
