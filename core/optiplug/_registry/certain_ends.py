"""What certainly ends the import of a module, as its source shows without being run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .modules import AbsentError, Module, Modules, UnclearError, absolute, names_stored
from .reasons import bounded
from .sources import UnreadableSourceError

__all__ = ["CertainEnds"]

_EXITS = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}
# With any of these in it, code may provide modules that are in no folder of the path.
_PROVIDERS = (
    *("sys.modules", "sys.path", "meta_path", "path_hooks", "__path__", "from sys import", "addsitedir"),
    *("importlib.util", "importlib.machinery", "importlib.abc", "import_module", "__import__", "exec"),
)
# These provide none, so that what is missing after they were imported stays missing.
_HARMLESS = sys.stdlib_module_names | {"optiplug", "numpy", "pydantic", "tensorflow", "keras"}
# Other modules of the same package are followed, but a package may be large.
_MOST_FOLLOWED = 12
_LONGEST_STATEMENT = 80


class CertainEnds:
    """Reads whether an import must fail; what may or may not happen is left to those who try it.

    Examples
    --------
    >>> CertainEnds(Modules()).of("json.decoder")
    ''
    """

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def of(self, module: str) -> str:
        """Return what ends the import of a module for certain, with the line; empty if nothing does.

        That is, in the module, in the packages around it or in what they import of themselves: a statement
        that can have no other end, no Python, or an import of what is nowhere.
        """
        return _Import(self._modules, module.partition(".")[0]).end(module)


@dataclass
class _Begun:
    """A module that an import has begun to run, and the line at which it is by now."""

    module: Module | None
    line: float = 0


class _Import:
    """Follows an import through the modules of one package, in the order in which it would run them."""

    def __init__(self, modules: Modules, package: str) -> None:
        self._modules, self._package = modules, package
        self._begun: dict[str, _Begun] = {}

    def end(self, name: str) -> str:
        """Return what ends it in this module or in the packages around it."""
        parts = name.split(".")
        return _first(self._end_in(".".join(parts[:count])) for count in range(1, len(parts) + 1))

    def _end_in(self, name: str) -> str:
        # What is being imported, or was, is not run again.
        if name in self._begun or len(self._begun) >= _MOST_FOLLOWED:
            return ""
        begun = self._begun[name] = _Begun(None)
        try:
            module = begun.module = self._modules[name]
        except AbsentError as error:
            return str(error)
        except (UnclearError, UnreadableSourceError):
            return ""
        for statement in module.tree.body:
            begun.line = statement.lineno
            if end := self._end_at(statement, module):
                return end
        begun.line = float("inf")
        return ""

    def _end_at(self, statement: ast.stmt, module: Module) -> str:
        where = f"line {statement.lineno} of {module.name}"
        if isinstance(statement, ast.Import):
            return _first(self._end_of_import(each.name, where) for each in statement.names)
        if isinstance(statement, ast.ImportFrom):
            source = absolute(statement, module.package)
            return self._end_of_import(source, where) or _first(
                self._end_of_name(source, each.name, where) for each in statement.names
            )
        if isinstance(statement, ast.While) and _is_endless(statement):
            return f"{where} is a loop without an end"
        if isinstance(statement, ast.Raise) or _is_exit(statement, module):
            text = " ".join((ast.get_source_segment(module.source, statement) or "").split())
            return f"{where} is `{bounded(text, _LONGEST_STATEMENT)}`"
        return ""

    def _end_of_import(self, name: str, where: str) -> str:
        parts = name.split(".")
        own = parts[0] == self._package
        # A package of others may provide what is in it, as TensorFlow does.
        wanted = [".".join(parts[:count]) for count in range(1, len(parts) + 1)] if own else parts[:1]
        absent = next((each for each in wanted if not self._modules.has(each)), "")
        if absent:
            return "" if self._may_be_provided() else f"there is no module {absent!r}, which {where} imports"
        return self.end(name) if own else ""

    def _end_of_name(self, source: str, name: str, where: str) -> str:
        begun = self._begun.get(source)
        if begun is None or begun.module is None or name == "*" or name in begun.module.bound:
            return ""
        if not begun.module.may_have(name):
            return f"{source} has no {name!r}, which {where} imports"
        inner = f"{source}.{name}"
        return self.end(inner) if self._modules.has(inner) else ""

    def _may_be_provided(self) -> bool:
        """Whether what has run up to here may provide modules that are nowhere."""
        begun = self._begun.values()
        return any(each.module is None or self._may_provide(each.module, each.line) for each in begun)

    def _may_provide(self, module: Module, line: float) -> bool:
        if any(word in module.source for word in _PROVIDERS):
            return True
        imported = (each for each in _imported(module) if each[1] < line)
        return any(
            name not in self._begun if name.partition(".")[0] == self._package else not _is_harmless(name)
            for name, _ in imported
        )


def _first(ends: Iterable[str]) -> str:
    return next(filter(None, ends), "")


def _is_harmless(module: str) -> bool:
    return module.partition(".")[0] in _HARMLESS


def _imported(module: Module) -> Iterator[tuple[str, int]]:
    """Yield what a module imports anywhere, in functions and conditions too, with the line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield absolute(node, module.package), node.lineno


def _is_endless(loop: ast.While) -> bool:
    return isinstance(loop.test, ast.Constant) and bool(loop.test.value) and not _breaks(loop.body)


def _breaks(body: Iterable[ast.stmt]) -> bool:
    """Whether statements may leave the loop that they are in."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            waiting += node.orelse  # only there a `break` means the loop around
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            waiting += ast.iter_child_nodes(node)
    return False


def _is_exit(statement: ast.stmt, module: Module) -> bool:
    """Whether it ends the program, by a function that has not been given another meaning."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    if isinstance(function, ast.Name):
        return function.id in _EXITS and not module.may_have(function.id)
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    owner, name = function.value.id, function.attr
    if f"{owner}.{name}" not in _EXITS or module.hides:
        return False
    return not any(_changes(node, owner, name) for node in ast.walk(module.tree))


def _changes(node: ast.AST, owner: str, name: str) -> bool:
    """Whether a node may give `owner.name` another meaning."""
    if isinstance(node, ast.Import):
        return any(each.asname == owner != each.name for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return any((each.asname or each.name) == owner for each in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr == name and not isinstance(node.ctx, ast.Load)
    return not isinstance(node, ast.alias) and owner in names_stored(node)
