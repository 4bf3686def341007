"""Prints data to stdout and messages to stderr; texts of plugins and files are never markup."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import zip_longest
from typing import Any, ParamSpec, TextIO, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "FORMAT",
    "dotted",
    "message",
    "muted_stderr",
    "own_stdout",
    "plain",
    "print_json",
    "print_table",
    "print_text",
    "with_own_stdout",
]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

FORMAT = 1
"""Version of the JSON that the commands print; grows when a member changes its meaning."""

# In columns; rich has no width without end.
_UNBOUNDED = 10_000

_STDOUT, _STDERR = 1, 2  # file descriptors: libraries written in C do not write to `sys.stdout`

# Where data goes while `own_stdout` keeps everybody else away from it.
_owned: list[TextIO] = []


def plain(text: str) -> str:
    """Return `text` with every character that could steer a terminal written as an escape."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def message(text: str) -> None:
    """Print a message for people to stderr."""
    typer.echo(plain(text), err=True)


def print_json(value: Any) -> None:
    """Print data for programs."""
    # NaN is no JSON, though Python would write it.
    typer.echo(json.dumps(value, indent=2, allow_nan=False), file=_stdout())


def print_text(text: str, style: str = "") -> None:
    """Print data for people."""
    _console().print(Text(plain(text), style=style))


def print_table(
    title: str, columns: Mapping[str, bool], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()
) -> None:
    """Print a table; `columns` says which may be folded, `styles` how rows differ from plain."""
    table = Table(box=None, pad_edge=False, show_header=any(columns))
    for column, folds in columns.items():
        table.add_column(column, header_style="dim", overflow="fold", no_wrap=not folds)
    for cells, style in zip_longest(rows, styles, fillvalue=""):
        table.add_row(*(Text(plain(cell)) for cell in cells), style=style)
    print_text(title, "bold")
    _console().print(table)


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as the messages write it.

    Examples
    --------
    >>> dotted(("processors", 0, "use"))
    'processors[0].use'
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Mute the stderr of the process, including what C++ libraries write."""
    sys.stderr.flush()
    with open(os.devnull, "wb") as nowhere, _diverted(_STDERR, nowhere.fileno()):  # noqa: PTH123  # a device
        yield


@contextlib.contextmanager
def own_stdout() -> Iterator[None]:
    """Keep stdout for what this module prints; what plugins print while they are imported goes to stderr."""
    sys.stdout.flush()
    with _diverted(_STDOUT, _STDERR) as saved, _text_of(saved) as stream:
        _owned.append(stream)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        finally:
            _owned.pop()


def with_own_stdout(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a command that keeps stdout to itself."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with own_stdout():
            return command(*args, **kwargs)

    return run


@contextlib.contextmanager
def _diverted(descriptor: int, to: int) -> Iterator[int]:
    """Let what the process writes to a file descriptor go to another one; yield the former."""
    saved = os.dup(descriptor)
    try:
        os.dup2(to, descriptor)
        yield saved
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


@contextlib.contextmanager
def _text_of(descriptor: int) -> Iterator[TextIO]:
    """Open what stdout was as text; where it is no file, as in a test, that itself."""
    try:
        sys.stdout.fileno()
    except OSError:
        yield sys.stdout
        return
    stream = open(  # noqa: SIM115  # closed below
        descriptor, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
    )
    try:
        yield stream
    finally:
        # Whoever reads may have gone; the error that told of it is on its way already.
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _stdout() -> TextIO:
    return _owned[-1] if _owned else sys.stdout


def _console() -> Console:
    """Return a console on the stdout of this moment, which never wraps what goes into a pipe or a file."""
    stdout = _stdout()
    folds = stdout.isatty() or os.environ.get("COLUMNS")
    width = None if folds else _UNBOUNDED
    return Console(file=stdout, highlight=False, markup=False, emoji=False, width=width)
