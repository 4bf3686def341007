"""What a plugin says of itself in the source of its Config class, read without running anything of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .certain_ends import CertainEnds
from .entry_points import Entry
from .modules import AbsentError, Bound, Import, Module, Modules, UnclearError, bound_in
from .reasons import bounded
from .sources import UnreadableSourceError

__all__ = ["Description", "Descriptions"]

# How far imports and base classes are followed; they may go in circles.
_FARTHEST = 8
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


@dataclass(frozen=True)
class _Class:
    module: Module
    node: ast.ClassDef


class Descriptions:
    """Reads descriptions; what many plugins share, such as the module of a base class, is read once."""

    def __init__(self) -> None:
        self._modules = Modules()
        self._ends = CertainEnds(self._modules)

    def of(self, entry: Entry) -> Description:
        """Return what the source of a plugin's Config says: its first line and its paper.

        Examples
        --------
        >>> from optiplug import registry
        >>> found = Descriptions().of(registry.find("optimizers", "sgd"))
        >>> found.summary
        'Gradient descent, optionally with momentum or Nesterov momentum.'
        """
        try:
            config = self._config(entry.target)
        except (UnclearError, UnreadableSourceError) as error:
            return Description(note=f"not described: {error}")
        except AbsentError as error:
            return Description(fault=f"{entry} cannot be imported from {entry.target}: {error}")
        text = ast.get_docstring(config.node, clean=False) or ""
        return Description(bounded(text.strip().partition("\n")[0]), bounded(self._text(config, "paper")))

    def _config(self, target: str) -> _Class:
        name, _, attribute = target.partition(":")
        module = self._modules[name]
        if end := self._ends.of(name):
            raise AbsentError(end)
        return self._class(module, attribute.split("."))

    def _class(self, module: Module, path: Sequence[str]) -> _Class:
        found = self._resolved(module, path[0], _FARTHEST)
        for name in path[1:]:
            inner = bound_in(found.node.body, found.module.name, imports=False).get(name)
            if not isinstance(inner, ast.ClassDef):
                raise UnclearError("its class is made by code")
            found = _Class(found.module, inner)
        return found

    def _resolved(self, module: Module, name: str, farthest: int) -> _Class:
        """Return the class that a name of a module means, wherever it comes from."""
        bound = module.bound.get(name)
        if bound is None and farthest == _FARTHEST and not module.may_have(name):
            raise AbsentError(f"{module.name} has no {name!r}")
        if isinstance(bound, ast.ClassDef):
            return _Class(module, bound)
        if not farthest:
            raise UnclearError("its class comes from too far away")
        if isinstance(bound, Import):
            return self._resolved(self._followed(bound), bound.name, farthest - 1)
        if isinstance(bound, ast.Name) and bound.id != name:
            return self._resolved(module, bound.id, farthest - 1)
        raise UnclearError("its class is made by code")

    def _followed(self, bound: Import) -> Module:
        try:
            return self._modules[bound.module]
        except AbsentError as error:  # an import that fails may be provided for
            raise UnclearError("its class is made by code") from error

    def _text(self, config: _Class, attribute: str, farthest: int = _FARTHEST) -> str:
        """Return a text that is an attribute of a class or of its bases; empty if it cannot be told."""
        value = bound_in(config.node.body, config.module.name, imports=False).get(attribute)
        if value is not None:
            return _literal(value, config.module.bound, farthest)
        for base in config.node.bases if farthest else ():
            try:
                bound = config.module.bound[base.id] if isinstance(base, ast.Name) else None
                # The bases of our own have none.
                if isinstance(base, ast.Name) and not (isinstance(bound, Import) and bound.module == _OURS):
                    text = self._text(
                        self._resolved(config.module, base.id, farthest - 1), attribute, farthest - 1
                    )
                    if text:
                        return text
            except (LookupError, UnclearError, AbsentError, UnreadableSourceError):
                continue
        return ""


def _literal(value: Bound, names: Mapping[str, Bound], farthest: int) -> str:
    """Return a text that is written out, in parts or under a name of the same module; else an empty one."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and farthest:
        parts = [_literal(each, names, farthest - 1) for each in (value.left, value.right)]
        return "".join(parts) if all(parts) else ""
    if isinstance(value, ast.Name) and value.id in names and farthest:
        return _literal(names[value.id], names, farthest - 1)
    return ""
