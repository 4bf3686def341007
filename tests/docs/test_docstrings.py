"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator

import pytest

from support.project_paths import MODULES, ROOT, module_name

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def docstrings(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield (qualified name, line, docstring) of everything in a module that has an example."""

    def visit(node: ast.AST, name: str) -> Iterator[tuple[str, int, str]]:
        if isinstance(node, DOCUMENTED) and ">>> " in (ast.get_docstring(node, clean=False) or ""):
            statement = node.body[0]
            yield name, statement.lineno, ast.get_docstring(node, clean=False) or ""
        for child in ast.iter_child_nodes(node):
            own = getattr(child, "name", "") if isinstance(child, DOCUMENTED) else ""
            yield from visit(child, ".".join(filter(None, (name, own))))

    yield from visit(ast.parse(text), "")


FOUND = [
    pytest.param(path, name, line, text, id=f"{module_name(path)}:{name}".rstrip(":"))
    for path in MODULES
    for name, line, text in docstrings(path.read_text())
]


@pytest.mark.sampled(13)
@pytest.mark.parametrize(("path", "name", "line", "text"), FOUND)
def test_example(path, name, line, text, registered):
    names = dict(vars(importlib.import_module(module_name(path))))
    names.pop("annotations", None)  # a reader's session has no `from __future__ import annotations`

    told = failures(text, names, name, str(path.relative_to(ROOT)), line)
    if told:
        pytest.fail(told, pytrace=False)


def failures(text, names, name, file, line):
    """Return what doctest has to say about the examples of a docstring; nothing if all is well."""
    said = []
    test = doctest.DocTestParser().get_doctest(text, names, name, file, line - 1)
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    return "".join(said)


def test_an_example_that_is_wrong_is_told():
    told = failures("    >>> 1 + 1\n    3\n", {}, "sum", "file.py", 7)

    assert "line 7" in told
    assert re.search(r"Expected:\s+3\s+Got:\s+2", told)


def test_no_example_is_left_out():
    """A prompt in a string that is no docstring, such as one below an attribute, would never run."""
    written = sum(len(re.findall(r"^\s*>>> ", path.read_text(), re.MULTILINE)) for path in MODULES)
    parser = doctest.DocTestParser()

    assert written == sum(len(parser.get_examples(each.values[3])) for each in FOUND) > 300
