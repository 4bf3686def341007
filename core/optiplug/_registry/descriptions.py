"""What a plugin says of itself in the source of its Config class, read without running anything of it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .entry_points import Entry
from .reasons import bounded
from .sources import UnreadableSourceError, is_package, source_of, spec_of

__all__ = ["Description", "Descriptions"]

# How far imports and base classes are followed; they may go in circles.
_FARTHEST = 8
# With any of these in it, a module may have names that it does not show.
_HIDDEN = ("__getattr__", "globals", "vars(", "locals", "exec", "setattr", "sys.modules", "import *")
_OURS = "optiplug"


@dataclass(frozen=True)
class Description:
    """Summary and paper of a plugin; or a `note` on why they cannot be told without running its code.

    A `fault` says that it cannot be imported, as far as that can be seen from outside.
    """

    summary: str = ""
    paper: str = ""
    note: str = ""
    fault: str = ""


class _UnclearError(Exception):
    """Only running the code would tell."""


class _AbsentError(Exception):
    """An import would fail."""


@dataclass(frozen=True)
class _Import:
    module: str
    name: str


_Bound: TypeAlias = ast.ClassDef | ast.expr | _Import


@dataclass(frozen=True)
class _Module:
    """The names that a module binds, each to its class, its value or where it comes from."""

    name: str
    bound: Mapping[str, _Bound]
    may_hide: bool


@dataclass(frozen=True)
class _Class:
    module: _Module
    node: ast.ClassDef


class Descriptions:
    """Reads descriptions; what many plugins share, such as the module of a base class, is read once."""

    def __init__(self) -> None:
        self._modules: dict[str, _Module] = {}

    def of(self, entry: Entry) -> Description:
        """Return what the source of a plugin's Config says: its first line and its paper.

        Examples
        --------
        >>> from optiplug import registry
        >>> found = Descriptions().of(registry.find("optimizers", "sgd"))
        >>> found.summary
        'Gradient descent, optionally with momentum or Nesterov momentum.'
        """
        module, _, attribute = entry.target.partition(":")
        try:
            config = self._class(self._module(module), attribute.split("."))
        except (_UnclearError, UnreadableSourceError) as error:
            return Description(note=f"not described: {error}")
        except _AbsentError as error:
            return Description(fault=f"{entry} cannot be imported from {entry.target}: {error}")
        text = ast.get_docstring(config.node, clean=False) or ""
        return Description(bounded(text.strip().partition("\n")[0]), bounded(self._text(config, "paper")))

    def _class(self, module: _Module, path: Sequence[str]) -> _Class:
        found = self._resolved(module, path[0], _FARTHEST)
        for name in path[1:]:
            inner = _bound_in(found.node.body, found.module.name, False).get(name)
            if not isinstance(inner, ast.ClassDef):
                raise _UnclearError("its class is made by code")
            found = _Class(found.module, inner)
        return found

    def _resolved(self, module: _Module, name: str, farthest: int) -> _Class:
        """Return the class that a name of a module means, wherever it comes from."""
        bound = module.bound.get(name)
        if bound is None and not module.may_hide and farthest == _FARTHEST:
            raise _AbsentError(f"{module.name} has no {name!r}")
        if isinstance(bound, ast.ClassDef):
            return _Class(module, bound)
        if not farthest:
            raise _UnclearError("its class comes from too far away")
        if isinstance(bound, _Import):
            return self._resolved(self._followed(bound), bound.name, farthest - 1)
        if isinstance(bound, ast.Name) and bound.id != name:
            return self._resolved(module, bound.id, farthest - 1)
        raise _UnclearError("its class is made by code")

    def _followed(self, bound: _Import) -> _Module:
        try:
            return self._module(bound.module)
        except _AbsentError as error:  # an import that fails may be provided for
            raise _UnclearError("its class is made by code") from error

    def _module(self, name: str) -> _Module:
        if name not in self._modules:
            self._modules[name] = _parsed(name)
        return self._modules[name]

    def _text(self, config: _Class, attribute: str, farthest: int = _FARTHEST) -> str:
        """Return a text that is an attribute of a class or of its bases; empty if it cannot be told."""
        value = _bound_in(config.node.body, config.module.name, False).get(attribute)
        if value is not None:
            return _literal(value, config.module.bound, farthest)
        for base in config.node.bases if farthest else ():
            try:
                bound = config.module.bound[base.id] if isinstance(base, ast.Name) else None
                # The bases of our own have none.
                if isinstance(base, ast.Name) and not (isinstance(bound, _Import) and bound.module == _OURS):
                    text = self._text(
                        self._resolved(config.module, base.id, farthest - 1), attribute, farthest - 1
                    )
                    if text:
                        return text
            except (LookupError, _UnclearError, _AbsentError, UnreadableSourceError):
                continue
        return ""


def _parsed(name: str) -> _Module:
    spec = spec_of(name)
    if spec is None:
        raise _AbsentError(f"there is no module {name!r}")
    source = source_of(spec)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of an escape that is none: that is told on import
            tree = ast.parse(source)
    except SyntaxError as error:
        raise _AbsentError(f"SyntaxError: {error.msg} (line {error.lineno} of {name})") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _UnclearError("its module cannot be parsed") from error
    package = name if is_package(spec) else name.rpartition(".")[0]
    hides = any(word in source for word in _HIDDEN)
    return _Module(name, _bound_in(tree.body, package, True), hides)


def _bound_in(body: Iterable[ast.stmt], package: str, imports: bool) -> dict[str, _Bound]:
    """Return the names that statements bind; where one is bound twice, the last counts."""
    bound: dict[str, _Bound] = {}
    for statement in _flat(body):
        if isinstance(statement, ast.ClassDef):
            bound[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            bound |= {each.id: statement.value for each in statement.targets if isinstance(each, ast.Name)}
        elif isinstance(statement, ast.AnnAssign):
            if isinstance(statement.target, ast.Name) and statement.value is not None:
                bound[statement.target.id] = statement.value
        elif isinstance(statement, ast.ImportFrom) and imports:
            module = _absolute(statement, package)
            bound |= {each.asname or each.name: _Import(module, each.name) for each in statement.names}
    return bound


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those in the branches of conditions included."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _flat(statement.body)
            for handler in getattr(statement, "handlers", ()):
                yield from _flat(handler.body)
            yield from _flat(getattr(statement, "orelse", ()))
            yield from _flat(getattr(statement, "finalbody", ()))
        else:
            yield statement


def _absolute(statement: ast.ImportFrom, package: str) -> str:
    parts = package.split(".")
    lead = parts[: len(parts) - statement.level + 1] if statement.level else []
    return ".".join([*lead, *([statement.module] if statement.module else [])])


def _literal(value: _Bound, names: Mapping[str, _Bound], farthest: int) -> str:
    """Return a text that is written out, in parts or under a name of the same module; else an empty one."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and farthest:
        parts = [_literal(each, names, farthest - 1) for each in (value.left, value.right)]
        return "".join(parts) if all(parts) else ""
    if isinstance(value, ast.Name) and value.id in names and farthest:
        return _literal(names[value.id], names, farthest - 1)
    return ""
