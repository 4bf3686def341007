"""The origin of every value of a validated config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from optiplug._config.base import NamedConfig
from optiplug._config.inside import Path
from optiplug.document import Document

__all__ = ["DEFAULT", "Value", "in_file", "origin", "values"]

DEFAULT = "default"
"""The origin of a value that the document does not have."""


@dataclass(frozen=True)
class Value:
    """One number, text, truth value or empty list of a config."""

    path: Path
    value: Any
    origin: str


def values(config: NamedConfig, document: Document) -> list[Value]:
    """Return every value of a config, defaults included, in the order of its dump."""
    dumped = config.dump()
    if config.kind == "commands":
        dumped = {"command": dumped.pop("use"), **dumped}
    return [Value(path, value, origin(path, document)) for path, value in _leaves(dumped, ())]


def origin(path: Path, document: Document) -> str:
    """Return ``file:line:column`` of what the document says at `path`, or "default"."""
    if path in document.values:
        return document.position(path)
    if path[-1] == "use" and path[:-1] in document.values:  # a name alone, in place of a mapping
        return document.position(path[:-1])
    return DEFAULT


def in_file(where: str, source: str) -> str:
    """Return an origin without the name of the file, where a title has it: ``line:column``.

    >>> in_file("clipnorm at run.yaml:2:11", "run.yaml")
    'clipnorm at 2:11'
    """
    return where.replace(f"{source}:", "")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
