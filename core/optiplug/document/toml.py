"""Reads TOML: `tomllib` checks the grammar and gives the values, a scan of the text adds positions."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from .toml_scan import Scan, check
from .tree import Lines, Path, Position, Tree

__all__ = ["read_toml"]

# tomllib tells the position in its message only.
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(text: str, tree: Tree) -> None:
    """Build `tree` from the table in `text`."""
    check(text, tree)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _malformed(text, str(error), tree) from None
    if data:
        _add(data, (), (1, 1), Scan(text), tree)


def _add(value: Any, path: Path, around: Position, scan: Scan, tree: Tree) -> None:
    """Add `value` to the tree, which refuses to nest deeper than recursion can go."""
    position = scan.values.get(path, around)
    if isinstance(value, dict):
        tree.begin({}, position)
        for key, item in value.items():
            tree.scalar(key, scan.keys.get((*path, key), position))
            _add(item, (*path, key), position, scan, tree)
        tree.end()
    elif isinstance(value, list):
        tree.begin([], position)
        for index, item in enumerate(value):
            _add(item, (*path, index), position, scan, tree)
        tree.end()
    else:
        tree.scalar(value, position)


def _malformed(text: str, reason: str, tree: Tree) -> Exception:
    match = _AT.search(reason)
    if match is None:
        return tree.error(f"this is not TOML: {reason}")
    position = (int(match[1]), int(match[2])) if match[1] else Lines(text).position(len(text))
    return tree.error(f"this is not TOML: {reason[: match.start()]}", position)
