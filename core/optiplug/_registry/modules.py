"""Modules as their sources show them, parsed and not run: the names that they bind, and to what."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from .sources import UndecodableSourceError, is_package, source_of, spec_of

__all__ = [
    "AbsentError",
    "Bound",
    "Import",
    "Module",
    "Modules",
    "UnclearError",
    "absolute",
    "bound_in",
    "names_stored",
]

# With any of these in it, a module may have names that it does not show.
_HIDDEN = ("__getattr__", "globals", "vars(", "locals", "exec", "setattr", "sys.modules", "import *")
_BLOCKS = ("body", "handlers", "orelse", "finalbody")


class UnclearError(Exception):
    """Only running the code would tell."""


class AbsentError(Exception):
    """An import would fail."""


@dataclass(frozen=True)
class Import:
    """What a name is bound to by ``from module import name``."""

    module: str
    name: str


Bound: TypeAlias = ast.ClassDef | ast.expr | Import
"""What a name is bound to, as far as that matters here."""


@dataclass(frozen=True)
class Module:
    """A module by its name, that of the package in which its relative imports begin, and its source."""

    name: str
    package: str
    source: str
    tree: ast.Module

    @cached_property
    def bound(self) -> Mapping[str, Bound]:
        """The names that it binds, each to its class, its value or where it comes from."""
        return bound_in(self.tree.body, self.package, imports=True)

    @property
    def hides(self) -> bool:
        """Whether it may have names that it does not show."""
        return any(word in self.source for word in _HIDDEN)

    def may_have(self, name: str) -> bool:
        """Whether it may have a name, in whichever way that comes to be there."""
        return self.hides or name in self._stored or spec_of(f"{self.name}.{name}") is not None

    @cached_property
    def _stored(self) -> frozenset[str]:
        return frozenset(name for node in ast.walk(self.tree) for name in names_stored(node))


class Modules:
    """Reads modules; what many plugins share, such as the module of a base class, is read once."""

    def __init__(self) -> None:
        self._read: dict[str, Module] = {}
        self._there: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        """Whether there is a module of this name."""
        if name not in self._there:
            self._there[name] = name in sys.modules or spec_of(name) is not None
        return self._there[name]

    def __getitem__(self, name: str) -> Module:
        """Return a module.

        Raises
        ------
        AbsentError
            If there is none of this name, or it is no Python.
        UnclearError, UnreadableSourceError
            If its source cannot be had.
        """
        if name not in self._read:
            self._read[name] = _parsed(name)
        return self._read[name]


def _parsed(name: str) -> Module:
    spec = spec_of(name)
    if spec is None:
        raise AbsentError(f"there is no module {name!r}")
    try:
        source = source_of(spec)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of an escape that is none: that is told on import
            tree = ast.parse(source)
    except UndecodableSourceError as error:
        raise AbsentError(f"SyntaxError: {name} is no text in its encoding") from error
    except SyntaxError as error:
        raise AbsentError(f"SyntaxError: {error.msg} (line {error.lineno} of {name})") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnclearError("its module cannot be parsed") from error
    package = name if is_package(spec) else name.rpartition(".")[0]
    return Module(name, package, source, tree)


def bound_in(body: Iterable[ast.stmt], package: str, *, imports: bool) -> dict[str, Bound]:
    """Return the names that statements bind; where one is bound twice, the last counts."""
    bound: dict[str, Bound] = {}
    for statement in _flat(body):
        if isinstance(statement, ast.ClassDef):
            bound[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            bound |= {each.id: statement.value for each in statement.targets if isinstance(each, ast.Name)}
        elif isinstance(statement, ast.AnnAssign):
            if isinstance(statement.target, ast.Name) and statement.value is not None:
                bound[statement.target.id] = statement.value
        elif isinstance(statement, ast.ImportFrom) and imports:
            module = absolute(statement, package)
            bound |= {each.asname or each.name: Import(module, each.name) for each in statement.names}
    return bound


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those in the branches of conditions included."""
    # Not by recursion: each `elif` is inside of the one before, and there may be thousands.
    waiting: list[ast.AST] = list(body)
    waiting.reverse()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            waiting += [each for block in _BLOCKS for each in getattr(node, block, ())][::-1]
        elif isinstance(node, ast.stmt):
            yield node


def absolute(statement: ast.ImportFrom, package: str) -> str:
    """Return the module from which a statement in a package imports."""
    parts = package.split(".")
    lead = parts[: len(parts) - statement.level + 1] if statement.level else []
    return ".".join([*lead, *([statement.module] if statement.module else [])])


def names_stored(node: ast.AST) -> set[str]:
    """Return the names that a node may bind, in whatever scope."""
    found = [getattr(node, "rest", None)]  # of a pattern for mappings
    if isinstance(node, ast.Name):
        found.append(None if isinstance(node.ctx, ast.Load) else node.id)
    elif isinstance(node, ast.alias):
        found.append((node.asname or node.name).partition(".")[0])
    else:  # of a class, a function, a handler of errors, a pattern
        found.append(getattr(node, "name", None))
    return {name for name in found if isinstance(name, str)}
