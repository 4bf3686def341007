"""Where in a document something is that was found out when variables were there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from optiplug.errors import ConfigError, Problem

from .reading import Document

__all__ = ["located"]

Path = tuple[str | int, ...]


def located(error: ConfigError, document: Document | None) -> ConfigError:
    """Return an error of an optimizer or a task that was built, with the positions of its problems in a file.

    Such a problem says where it is in the words of the parts at hand: ``weight_decay.skip``, ``group 'all'``.
    What is not found stays as it is.

    Examples
    --------
    >>> from optiplug import ConfigError
    >>> from optiplug.document import parse
    >>> document = parse("processors: [{use: ema, skip: [bais]}]", "yaml", "sgd.yaml")
    >>> print(located(ConfigError("matches nothing", where="ema.skip", received="bais"), document))
    sgd.yaml:1:32: processors[0].skip[0]: matches nothing. Received: 'bais'.
    """
    if document is None:
        return error
    return error.each(lambda problem: _located(problem, document))


def _located(problem: Problem, document: Document) -> Problem:
    if problem.path:
        return replace(problem, position=document.position(problem.path))
    path = _place(problem.position, problem.received, document)
    return replace(problem, path=path, position=document.position(path)) if path else problem


def _place(where: str, received: object, document: Document) -> Path:
    """Return the path of what a message calls `where`; empty if it is not in the document."""
    direct = tuple(where.split("."))
    if direct in document.values:
        return direct
    group = re.fullmatch(r"group '(.*?)'(?:\.(\w+))?", where)
    name, field = group.groups() if group else (where.rpartition(".")[0] or where, where.rpartition(".")[2])
    candidates = [path for path, value in _values((), document.data) if _called(name, path, value)]
    for path in candidates:
        value = _at(document.data, (*path, field))
        if isinstance(value, list) and received in value:
            return (*path, field, value.index(received))
        if value is not None and value == received:
            return (*path, field)
    for path in candidates:
        if _at(document.data, (*path, field)) is not None:
            return (*path, field)
    return candidates[0] if candidates else ()


def _called(name: str, path: Path, value: Any) -> bool:
    """Whether a value is a config, or the keyword for one, that messages call `name`."""
    if not isinstance(value, dict):
        return value == name or bool(path and path[-1] == name)
    names = {value.get("name"), str(value.get("use")).partition("@")[0]}
    # A second one of a name has a number.
    return name in names or re.sub(r"_\d+$", "", name) in names


def _at(data: Any, path: Path) -> Any:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int):
            data = data[key]
        else:
            return None
    return data


def _values(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _values((*path, key), item)
