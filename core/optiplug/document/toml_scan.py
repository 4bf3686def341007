"""Positions of the keys and values of a TOML text, which `tomllib` does not return."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import limits
from .tree import Lines, Path, Position, Tree, too_deep

__all__ = ["Scan", "check"]

# A string that is never closed runs to the end of its line or of the text, so that the scan stays linear.
_TOKEN = re.compile(
    r'''
    """(?:\\.|[^\\])*?(?:"{3,5}|\Z) | \'\'\'.*?(?:\'{3,5}|\Z) | "(?:\\.|[^"\\\n])*"? | '[^'\n]*'?
    | \#[^\n]* | [\[\]{}=,\n] | [^\s\[\]{}=,"'\#]+
    ''',
    re.DOTALL | re.VERBOSE,
)

_DIGITS = 4300  # Python converts no more


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield strings, bare words, brackets, `=`, `,` and line ends, each with its offset.

    The last one is a line end.
    """
    for match in _TOKEN.finditer(text):
        if match[0][0] != "#":
            yield match[0], match.start()
    yield "\n", len(text)


def check(text: str, tree: Tree) -> None:
    """Refuse what `tomllib` would take too long, or too deep a recursion, to read."""
    brackets = dots = values = 0
    for lexeme, offset in _tokens(text):
        # Each table has brackets, two if it is of an array; the positions of all would be found first.
        values += 2 if lexeme == "=" else lexeme in {"[", "{"}
        if values > 2 * limits.NODES + 2:
            rule = f"a document may have at most {limits.NODES:,} values"
            raise tree.error(rule, Lines(text).position(offset))
        brackets += (lexeme in {"[", "{"}) - (lexeme in {"]", "}"})
        if lexeme in {"\n", "=", ","}:
            dots = 0
        elif lexeme[0] not in "\"'":
            dots += lexeme.count(".")
        if brackets > limits.DEPTH or dots > limits.DEPTH:  # it takes quadratic time for a dotted key
            raise too_deep(tree.source, Lines(text).position(offset))
        if len(lexeme) > _DIGITS and lexeme.lstrip("+-")[0].isdigit():
            raise tree.error(f"a number may have at most {_DIGITS:,} digits", Lines(text).position(offset))


@dataclass
class _Frame:
    """A table or array whose text is being read; `index` is that of the next item of an array."""

    path: Path
    index: int | None = None
    words: list[tuple[str, int]] = field(default_factory=list)
    value: Path | None = None


class Scan:
    """`values` and `keys`: the position of every value and of every key in a text that `tomllib` accepts."""

    def __init__(self, text: str) -> None:
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self._lines = Lines(text)
        self._last: dict[Path, int] = {}
        self._stack = [_Frame(())]
        for lexeme, offset in _tokens(text):
            self._read(lexeme, offset)

    def _read(self, lexeme: str, offset: int) -> None:
        frame = self._stack[-1]
        if lexeme == "\n":
            # Inside an array a line end means nothing.
            if len(self._stack) == 1:
                self._end_statement(frame)
        elif frame.index is not None and lexeme == ",":
            frame.index += 1
        elif lexeme == "," or (lexeme in {"]", "}"} and len(self._stack) > 1):
            frame.words, frame.value = [], None
            if lexeme != ",":
                self._stack.pop()
        elif frame.index is None and frame.value is None:
            if lexeme == "=":
                frame.value = self._name(frame)
            else:
                frame.words.append((lexeme, offset))
        else:
            self._start_value(frame, lexeme, offset)

    def _start_value(self, frame: _Frame, lexeme: str, offset: int) -> None:
        path = (*frame.path, frame.index) if frame.index is not None else frame.value or ()
        self.values.setdefault(path, self._lines.position(offset))
        if lexeme == "[":
            self._stack.append(_Frame(path, index=0))
        elif lexeme == "{":
            self._stack.append(_Frame(path))

    def _name(self, frame: _Frame) -> Path:
        """Return the path that the words before `=` name, and note where its keys are."""
        path, position = frame.path, self._lines.position(frame.words[0][1])
        for name in _names(frame.words):
            self.values.setdefault(path, position)
            path = (*path, name)
            self.keys.setdefault(path, position)
        return path

    def _end_statement(self, frame: _Frame) -> None:
        if frame.words and frame.value is None:
            self._open_table(frame)
        frame.words, frame.value = [], None

    def _open_table(self, frame: _Frame) -> None:
        """Let what follows belong to the table of a header, ``[name]`` or ``[[name]]``."""
        array = frame.words[1][0] == "["
        position = self._lines.position(frame.words[0][1])
        names = _names([word for word in frame.words if word[0] not in {"[", "]"}])
        path: Path = ()
        for number, name in enumerate(names, start=1):
            self.values.setdefault(path, position)
            path = (*path, name)
            self.keys.setdefault(path, position)
            if array and number == len(names):
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                self.values.setdefault(path, position)
                path = (*path, self._last[path])
        self.values.setdefault(path, position)
        frame.path = path


def _names(words: list[tuple[str, int]]) -> list[str]:
    """Return the keys that make up a dotted key."""
    names: list[str] = []
    # tomllib itself reads the key, so quotation marks and escapes mean what they mean there.
    level: Any = tomllib.loads(" ".join(word for word, _ in words) + " = 0")
    while isinstance(level, dict):
        ((name, level),) = level.items()
        names.append(name)
    return names
