"""Charts where a command is run: as wide as the terminal, and of the characters that it has."""

from __future__ import annotations

import shutil
import sys

from rich.console import Console
from rich.text import Text

__all__ = ["has_braille", "print_lines", "size"]

_WIDEST, _HEIGHT = 100, 14


def size(margin: int = 12) -> tuple[int, int]:
    """Return columns and rows of a chart, with a margin for numbers at its side."""
    return max(20, min(shutil.get_terminal_size().columns, _WIDEST) - margin), _HEIGHT


def has_braille() -> bool:
    """Whether standard output has characters for lines and dots; else there are stars."""
    try:
        "⣿│└─·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def print_lines(lines: list[str | Text]) -> None:
    """Print lines, in colours on a terminal that has them."""
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    for line in lines:
        console.print(line, soft_wrap=True)
