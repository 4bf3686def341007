"""How many parameters say `Any`, and which attributes are declared but not assigned.

``PYTHONPATH=tests python -m support.annotation_counts`` prints the files with most of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from support.project_paths import MODULES, ROOT

CORE = [path for path in MODULES if path.is_relative_to(ROOT / "core")]
PLUGINS = [path for path in MODULES if path not in CORE]
DECLARING = {"BaseModel", "NamedTuple", "Protocol", "TypedDict"}  # their bodies say what there is


def annotations(text: str) -> Iterator[str]:
    """Yield the annotation of each parameter that has one, ``*args`` and ``**kwargs`` included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += filter(None, (arguments.vararg, arguments.kwarg))
            yield from (ast.unparse(each.annotation) for each in every if each.annotation)


def with_any(text: str) -> list[str]:
    """Return the annotations of parameters in which `Any` occurs."""
    return [each for each in annotations(text) if re.search(r"\bAny\b", each)]


def share(texts: Iterable[str]) -> float:
    """Return the share of the annotations of parameters in which `Any` occurs."""
    texts = list(texts)
    return sum(len(with_any(text)) for text in texts) / sum(len(list(annotations(text))) for text in texts)


def stubs(texts: Mapping[str, str]) -> list[str]:
    """Return each attribute that the body of a class declares without a value, as ``file: Class.name``."""
    classes = [
        (file, node)
        for file, text in texts.items()
        for node in ast.walk(_without_type_checking(ast.parse(text)))
        if isinstance(node, ast.ClassDef)
    ]
    declaring = _heirs(DECLARING, [node for _, node in classes])
    return [
        f"{file}: {node.name}.{ast.unparse(statement.target)}"
        for file, node in classes
        if node.name not in declaring and not any("dataclass" in ast.unparse(d) for d in node.decorator_list)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and statement.value is None
        if "ClassVar" not in ast.unparse(statement.annotation)
    ]


def _heirs(names: set[str], classes: list[ast.ClassDef]) -> set[str]:
    """Return these names, and those of all classes that inherit from one of them."""
    found = set(names)
    while True:
        more = {node.name for node in classes if {_last(base) for base in node.bases} & found} - found
        if not more:
            return found
        found |= more


def _last(base: ast.expr) -> str:
    return ast.unparse(base).partition("[")[0].rpartition(".")[2]


def _without_type_checking(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = [ast.Pass()]
    return tree


def report() -> Iterator[str]:
    """Yield the share of core and of plugins, and their worst files."""
    for name, paths in {"core": CORE, "plugins and contrib": PLUGINS}.items():
        texts = {path: path.read_text() for path in paths}
        yield f"{name}: {share(texts.values()):.1%} of annotated parameters say Any"
        worst = sorted(texts, key=lambda path: len(with_any(texts[path])), reverse=True)[:10]
        yield from (f"  {len(with_any(texts[path])):3} {path.relative_to(ROOT)}" for path in worst)


def read(paths: Iterable[Path]) -> dict[str, str]:
    """Return the text of each file by its path in the project."""
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


if __name__ == "__main__":
    print("\n".join(report()))  # noqa: T201  # what it is for
