"""Builds plain data from a stream of events, with the rules that all formats share."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from optiplug.errors import ConfigError, Problem

from . import limits

__all__ = ["Lines", "Path", "Position", "Tree", "too_deep", "whole"]

Path = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""

Position = tuple[int, int]
"""Line and column, both counted from 1."""

# Half a pair is no character: it cannot be printed or written as UTF-8.
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAST_64_BITS = 2**64


class Lines:
    """Turns offsets into a text into positions."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        """Return line and column of the character at `offset`."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass
class _Frame:
    """A mapping or list that is still open; `key` waits for its value."""

    container: dict[str, object] | list[object]
    path: Path
    key: str | None = None


class Tree:
    """Plain data under construction: every rule that all formats share is checked here.

    `values` and `keys` hold the position of every value and of every key.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.root: Any = None
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        # A stack in place of recursion, which Python limits.
        self._open: list[_Frame] = []

    @property
    def awaits_key(self) -> bool:
        """Whether the next scalar is the key of a mapping."""
        return bool(self._open) and isinstance(self._open[-1].container, dict) and self._open[-1].key is None

    def begin(self, container: dict[str, object] | list[object], position: Position) -> None:
        """Start an empty mapping or list."""
        if self.awaits_key:
            raise self.error("a key must be a text", position, hint="use a plain word as the key")
        path = self._add(container, position)
        if len(self._open) == limits.DEPTH:
            raise too_deep(self.source, position)
        self._open.append(_Frame(container, path))

    def end(self) -> None:
        """Finish the mapping or list that was started last."""
        self._open.pop()

    def scalar(self, value: object, position: Position) -> None:
        """Add a key where one is due, else a value."""
        if isinstance(value, str):
            self._check_text(value, position)
        if self.awaits_key:
            self._add_key(value, position)
            return
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise self.error("a whole number must fit in 64 bits", position)
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error("a number must be finite", position, received=value)
        if not isinstance(value, str | int | float | None):
            rule = f"a {type(value).__name__} is no value for a config"
            raise self.error(rule, position, received=str(value), hint="put it in quotation marks")
        self._add(value, position)

    def error(self, rule: str, position: Position | None = None, **details: Any) -> ConfigError:
        """Return the error for a broken rule at a position of this document."""
        where = self.source if position is None else f"{self.source}:{position[0]}:{position[1]}"
        return ConfigError([Problem(path=self._here(), rule=rule, position=where, **details)])

    def _here(self) -> Path:
        """Return the path of what comes next."""
        if not self._open:
            return ()
        frame = self._open[-1]
        if isinstance(frame.container, list):
            return (*frame.path, len(frame.container))
        return frame.path if frame.key is None else (*frame.path, frame.key)

    def _add(self, value: object, position: Position) -> Path:
        path = self._here()
        # Counted while building, so that a hostile file is refused before it fills the memory.
        if len(self.values) == limits.NODES:
            raise self.error(f"a document may have at most {limits.NODES:,} values", position)
        self.values[path] = position
        if not self._open:
            self.root = value
            return path
        frame = self._open[-1]
        if isinstance(frame.container, dict):
            frame.container[str(frame.key)] = value
            frame.key = None
        elif len(frame.container) == limits.ITEMS:
            raise self.error(f"a list may have at most {limits.ITEMS:,} items", position)
        else:
            frame.container.append(value)
        return path

    def _add_key(self, key: object, position: Position) -> None:
        if not isinstance(key, str):
            raise self.error("a key must be a text", position, received=key, hint="put it in quotation marks")
        frame = self._open[-1]
        path = (*frame.path, key)
        if path in self.keys:
            first = "line {}, column {}".format(*self.keys[path])
            raise self.error(f"a key may be given only once; the first is at {first}", position, received=key)
        frame.key = key
        self.keys[path] = position

    def _check_text(self, text: str, position: Position) -> None:
        if len(text) > limits.TEXT:
            raise self.error(f"a text may have at most {limits.TEXT:,} characters", position)
        if _SURROGATE.search(text):
            raise self.error("a text may not hold half a surrogate pair", position, received=text)


def too_deep(source: str, position: Position) -> ConfigError:
    """Return the error for nesting below `limits.DEPTH`, without a path: it would fill the screen."""
    rule = f"mappings and lists may be nested at most {limits.DEPTH} levels deep"
    return ConfigError([Problem(path=(), rule=rule, position=f"{source}:{position[0]}:{position[1]}")])


def whole(digits: str, base: int = 10) -> int:
    """Return the whole number that `digits` spell."""
    try:
        return int(digits, base)
    except ValueError:  # Python refuses to convert more than 4,300 digits
        return _PAST_64_BITS  # which `Tree.scalar` refuses, with the position
