"""Pieces of Markdown in which the texts of others are text, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["code", "escaped", "fenced", "paragraph", "pipe_table"]

_SPECIAL = re.compile(r"([\\`*_\[\]<&$~{|])")
# What begins a heading, a list, a quotation, a directive, a comment or a target at the start of a line.
_AT_START = re.compile(r"^(\s*)([#>+\-=:%(]|\d+(?=[.)]))")
_TICKS = re.compile("`+")
_BAR, _ESCAPED_BAR = re.compile(r"(?<!\\)\|"), r"\\|"


def escaped(text: str) -> str:
    r"""Return a text that reads in Markdown as it is here: no markup, no HTML, no control characters.

    >>> escaped("a_b <script> [x](y)")
    'a\\_b \\<script> \\[x\\](y)'
    """
    return _SPECIAL.sub(r"\\\1", _printable(text))


def paragraph(text: str) -> str:
    r"""Return inline Markdown as a paragraph, whatever it begins with.

    >>> paragraph("1. of all"), paragraph("# no heading")
    ('1\\. of all', '\\# no heading')
    """
    started = _AT_START.match(text)
    if started is None:
        return text
    end = started.end()
    return f"{text[:end]}\\{text[end:]}" if started[2].isdigit() else f"{started[1]}\\{text[end - 1 :]}"


def code(text: str) -> str:
    r"""Return a text as code in a line.

    >>> code("a | b"), code("`x`")
    ('`a | b`', '`` `x` ``')
    """
    text = _printable(text).replace("\n", " ")
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}" if text else ""


def fenced(text: str, language: str = "") -> list[str]:
    """Return a text as a block of code, with a fence that is not in it."""
    longest = max(map(len, _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *map(_printable, text.split("\n")), fence, ""]


def pipe_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table of cells in Markdown, or nothing if it has no rows; a bar in a cell stays a bar."""
    rows = list(rows)
    if rows:
        for cells in [header, ("---",) * len(header), *rows]:
            yield f"| {' | '.join(_BAR.sub(_ESCAPED_BAR, cell) for cell in cells)} |"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)
