"""Reads a file or a text into a Document: plain data with the position of every value."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path as FilePath
from typing import Any, BinaryIO

from optiplug._regular_file import read_whole
from optiplug.errors import ConfigError, Problem

from . import limits
from .json import read_json
from .toml import read_toml
from .tree import Lines, Path, Position, Tree
from .yaml import read_yaml

__all__ = ["FORMATS", "Document", "parse", "read", "read_stream"]

_READERS: dict[str, Callable[[str, Tree], None]] = {"yaml": read_yaml, "toml": read_toml, "json": read_json}

FORMATS = {".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json"}
"""The format of a file, by the end of its name."""


_TOO_LARGE = f"a config file may have at most {limits.BYTES:,} bytes"


@dataclass(frozen=True)
class Document:
    r"""The mapping of a config file, with the line and column of every value and key.

    `source` is the name of the file, `data` the mapping; `values` and `keys` hold (line, column), both
    counted from 1, by the path of keys and list indices that leads to a value. `sources` has, by path,
    what said a value in place of the file: see `override`.

    Examples
    --------
    >>> document = parse("use: sgd\nlearning_rate: -1", "yaml", "run.yaml")
    >>> document.data
    {'use': 'sgd', 'learning_rate': -1}
    >>> document.position(("learning_rate",))
    'run.yaml:2:16'
    """

    source: str
    data: dict[str, Any]
    values: Mapping[Path, Position] = field(repr=False)
    keys: Mapping[Path, Position] = field(repr=False)
    sources: Mapping[Path, str] = field(default_factory=dict, repr=False)

    def position(self, path: Path, *, key: bool = False) -> str:
        """Return ``file:line:column`` of the value at `path`, or of the nearest value around it.

        With `key`, of the key that leads to the value, if it has one. A value that took the place of one of
        the file has no line, and is called by what said so.
        """
        if source := self._source(path):
            return source
        line, column = self._line_and_column(path, key)
        return f"{self.source}:{line}:{column}"

    def locate(self, error: ConfigError) -> ConfigError:
        """Return `error` with the position of every problem that has none, in the order of the text."""
        missing = [problem for problem in error.problems if not problem.position]
        # People read a file from its top.
        missing.sort(
            key=lambda problem: (
                self._source(problem.path),
                *self._line_and_column(problem.path, problem.key),
            )
        )
        located = [
            replace(problem, position=self.position(problem.path, key=problem.key)) for problem in missing
        ]
        placed = [problem for problem in error.problems if problem.position]
        return ConfigError([*placed, *located], error.more)

    def _source(self, path: Path) -> str:
        shorter = (path[:length] for length in range(len(path), 0, -1))
        return next((self.sources[each] for each in shorter if each in self.sources), "")

    def _line_and_column(self, path: Path, key: bool) -> Position:
        # A list item has no key, so then the value counts.
        if key and path in self.keys:
            return self.keys[path]
        shorter = (path[:length] for length in range(len(path), 0, -1))
        return next((self.values[each] for each in shorter if each in self.values), self.values[()])


def read(path: str | PathLike[str]) -> Document:
    """Read the YAML, TOML or JSON file at `path`; the end of its name says which.

    Raises
    ------
    ConfigError
        With line and column where there is one, for a file that cannot be read, is too large, is
        not UTF-8, breaks the grammar of its format, or holds no mapping.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.toml")
    >>> with open(path, "w") as file:
    ...     _ = file.write('use = "sgd"')
    >>> read(path).data
    {'use': 'sgd'}
    """
    source = fspath(path)
    suffix = FilePath(source).suffix.lower()
    if suffix not in FORMATS:
        raise _refusal(source, f"the name of a config file ends in {', '.join(FORMATS)}")
    try:
        content = read_whole(source, limits.BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _refusal(source, _TOO_LARGE) from None
        raise _unreadable(source, error) from None
    except ValueError as error:  # a NUL character in the name, or half a surrogate pair
        raise _refusal(source, f"the file cannot be read: {error}") from None
    return parse(_decoded(content, source), FORMATS[suffix], source)


def read_stream(stream: BinaryIO, format: str, source: str = "<stream>") -> Document:
    """Read an open binary file, such as ``sys.stdin.buffer``, in the `format` "yaml", "toml" or "json".

    Raises
    ------
    ConfigError
        As `read` does.

    Examples
    --------
    >>> import io
    >>> read_stream(io.BytesIO(b"use: sgd"), "yaml").data
    {'use': 'sgd'}
    """
    # Never more than the limit, whatever it is: it may have no end.
    try:
        content = stream.read(limits.BYTES + 1)
    except OSError as error:
        raise _unreadable(source, error) from None
    if len(content) > limits.BYTES:
        raise _refusal(source, _TOO_LARGE)
    return parse(_decoded(content, source), format, source)


def parse(text: str, format: str, source: str = "<text>") -> Document:
    """Read a text in the `format` "yaml", "toml" or "json"; `source` is what positions begin with.

    Raises
    ------
    ConfigError
        As `read` does.

    Examples
    --------
    >>> parse('{"use": "sgd"}', "json").data
    {'use': 'sgd'}
    """
    if format not in _READERS:
        raise ConfigError(f"must be one of {', '.join(_READERS)}", where="format", received=format)
    if len(text) > limits.BYTES:
        raise _refusal(source, _TOO_LARGE)
    tree = Tree(source)
    # An empty text is an error of its own, and JSON would say something else.
    if text.strip():
        _READERS[format](text, tree)
    if tree.root is None:
        raise _refusal(source, "the file is empty", "write `use: NAME` and the hyperparameters")
    if not isinstance(tree.root, dict):
        hint = "begin with `use: NAME`"
        raise tree.error("a config is a mapping", tree.values[()], received=tree.root, hint=hint)
    return Document(source, tree.root, tree.values, tree.keys)


def _decoded(content: bytes, source: str) -> str:
    try:
        # Some editors write a byte order mark, which is no part of the text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        line, column = Lines(before).position(len(before))
        where = f"{source}:{line}:{column}"
        raise _refusal(where, f"the file is not UTF-8: {error.reason}", "save it as UTF-8") from None


def _unreadable(source: str, error: OSError) -> ConfigError:
    return _refusal(source, f"the file cannot be read: {error.strerror or error}")


def _refusal(where: str, rule: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem(path=(), rule=rule, hint=hint, position=where)])
