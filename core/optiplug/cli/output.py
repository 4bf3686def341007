"""Prints data to stdout and messages to stderr; texts of plugins and files are never markup."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from itertools import chain, repeat, zip_longest
from textwrap import fill, wrap
from typing import Any, ParamSpec, TextIO, TypeVar

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from optiplug._plain_text import in_one_line, plain, shortened

from .streams import Output

__all__ = [
    "FORMAT",
    "dotted",
    "message",
    "muted_stderr",
    "own_stdout",
    "plain_usage_errors",
    "print_json",
    "print_lines",
    "print_table",
    "print_text",
    "with_own_stdout",
]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

FORMAT = 1
"""Version of the JSON that the commands print; grows when a member changes its meaning."""

# In characters: of a message, of a text in a column that is not the last.
_LONGEST, _LONGEST_CELL = 60_000, 300

_INDENT = "    "
_GAP = "  "
# In columns: a text in narrower ones cannot be read.
_NARROWEST = 20
# What is longer than a line, such as a path, is left whole: the terminal folds it, and it can be copied.
_WHOLE_WORDS: Any = {"break_long_words": False, "break_on_hyphens": False}

# In columns; rich has no width without end.
_UNBOUNDED = 10_000

_STDOUT, _STDERR = 1, 2  # file descriptors: libraries written in C do not write to `sys.stdout`

# Where data goes while `own_stdout` keeps everybody else away from it.
_owned: list[TextIO] = []


def message(text: str) -> None:
    """Print a message for people to stderr."""
    typer.echo(plain(shortened(text, _LONGEST)), err=True)


@contextlib.contextmanager
def plain_usage_errors() -> Iterator[None]:
    """Let what typer says of a command line, which it prints itself, be as a `message`."""
    try:
        yield
    except Exception as error:
        # Its class of them is not public.
        tell: Callable[[], str] | None = getattr(error, "format_message", None)
        if tell is not None:
            text = plain(shortened(tell(), _LONGEST))
            error.format_message = lambda: text  # type: ignore[attr-defined]
        raise


def print_json(value: Any) -> None:
    """Print data for programs."""
    # NaN is no JSON, though Python would write it.
    typer.echo(json.dumps(value, indent=2, allow_nan=False), file=_stdout())


def print_text(text: str, style: str = "") -> None:
    """Print data for people."""
    console = _console()
    folded = (wrap(line, console.width, **_WHOLE_WORDS) or [""] for line in plain(text).split("\n"))
    console.print(Text("\n".join(chain.from_iterable(folded)), style=style), soft_wrap=True)


def print_lines(title: str, rows: Iterable[tuple[str, str]], styles: Iterable[str] = ()) -> None:
    """Print one line for each pair of a name and a text, which is cut where the terminal ends."""
    rows = [(in_one_line(name), in_one_line(text)) for name, text in rows]
    width, console = max((cell_len(name) for name, _ in rows), default=0), _console()
    print_text(title, "bold")
    for (name, text), style in zip(rows, chain(styles, repeat("")), strict=False):
        line = Text(f"{name}{' ' * (width - cell_len(name))}  {text}", style=style)
        line.truncate(console.width, overflow="ellipsis")
        console.print(line, soft_wrap=True)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    styles: Iterable[str] = (),
    *,
    folds: bool = True,
) -> None:
    """Print rows in columns, of which the last may be folded, or else as paragraphs: nothing is cut.

    Columns without names have no head; `styles` says how rows differ from plain ones.
    """
    head = [list(columns)] if any(columns) else []
    cells = [*head, *([*map(_cell, row[:-1]), plain(row[-1])] for row in rows)]
    console = _console()
    print_text(title, "bold")
    lines = _folded(cells, console.width, folds)
    if lines is None:
        lines = _paragraphs(cells[len(head) :], console.width)
    elif head:
        console.print(Text(lines.pop(0), style="dim"), soft_wrap=True)
    for line, style in zip_longest(lines, styles, fillvalue=""):
        console.print(Text(line, style=style), soft_wrap=True)


def _cell(text: str) -> str:
    """Return a text for a column, which is as wide in every row."""
    return shortened(in_one_line(text), _LONGEST_CELL)


def _folded(rows: Sequence[Sequence[str]], width: int, folds: bool) -> list[str] | None:
    """Return rows in aligned columns; None if the last one would be too narrow, or folded in vain."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    left = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    longest = max(map(cell_len, " ".join(row[-1] for row in rows).split()), default=0)
    if width - left < (min(max(longest, _NARROWEST), widths[-1]) if folds else widths[-1]):
        return None
    lines = []
    for *first, last in rows:
        padded = (cell + " " * (size - cell_len(cell)) for cell, size in zip(first, widths, strict=False))
        begin = "".join(f"{cell}{_GAP}" for cell in padded)
        folded = wrap(last, width - left, **_WHOLE_WORDS) or [""]
        lines.append(f"\n{' ' * left}".join([f"{begin}{folded[0]}".rstrip(), *folded[1:]]))
    return lines


def _paragraphs(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Return each row as its first cell with the others below it, in one line if those of all rows fit."""
    parts = [[cell for cell in row if cell] for row in rows]
    joined = [_GAP.join(rest) for _, *rest in parts]
    fits = all(cell_len(line) + len(_INDENT) <= width for line in joined)
    rests = [[line] if line else [] for line in joined] if fits else [rest for _, *rest in parts]
    return [
        "\n".join([first, *(_indented(cell, width) for cell in rest)])
        for (first, *_), rest in zip(parts, rests, strict=True)
    ]


def _indented(text: str, width: int) -> str:
    return fill(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, **_WHOLE_WORDS)


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
    stream = Output(descriptor, sys.stdout.encoding)
    try:
        yield stream
    finally:
        # All was flushed as it was written: an error that comes again here is on its way already.
        with contextlib.suppress(OSError):
            stream.close()


def _stdout() -> TextIO:
    return _owned[-1] if _owned else sys.stdout


def _console() -> Console:
    """Return a console on the stdout of this moment, which never wraps what goes into a pipe or a file."""
    stdout = _stdout()
    folds = stdout.isatty() or os.environ.get("COLUMNS")
    width = None if folds else _UNBOUNDED
    return Console(file=stdout, highlight=False, markup=False, emoji=False, width=width)
