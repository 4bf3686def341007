"""Prints data to stdout and messages to stderr; texts of plugins and files are never markup."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["FORMAT", "dotted", "message", "muted_stderr", "plain", "print_json", "print_table", "print_text"]

FORMAT = 1
"""Version of the JSON that the commands print; grows when a member changes its meaning."""

# In columns; rich has no width without end.
_UNBOUNDED = 10_000


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
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


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
    # The file descriptor: C++ libraries do not write to `sys.stderr`.
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device, not a path
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _console() -> Console:
    """Return a console on the stdout of this moment, which never wraps what goes into a pipe or a file."""
    wraps = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return Console(highlight=False, markup=False, emoji=False, width=None if wraps else _UNBOUNDED)
