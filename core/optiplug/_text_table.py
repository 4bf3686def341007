"""Plain text tables, for messages and reports."""

from __future__ import annotations

from collections.abc import Sequence

from ._plain_text import in_one_line, shortened

__all__ = ["table"]


_LONGEST_CELL = 600


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their head in columns as wide as they need; whole numbers stand to the right.

    >>> print(table(["slot", "bytes"], [["momentum", "8"], ["average", "1,024"]]))
    slot      bytes
    momentum      8
    average   1,024
    """
    shown = [[shortened(in_one_line(cell), _LONGEST_CELL) for cell in row] for row in (head, *rows)]
    columns = list(zip(*shown, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(_whole(cell) for cell in column[1:]) and len(column) > 1 for column in columns]
    lines = []
    for row in shown:
        cells = zip(row, widths, numeric, strict=True)
        padded = [cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _whole(cell: str) -> bool:
    return cell.replace(",", "").isdigit() or not cell
