"""Lines on a terminal, of characters with two by four dots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .phrasing import number

__all__ = ["Dots", "framed"]

_BLANK = 0x2800
# The bit of each dot of a character, by row and column.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])

Span = tuple[float, float]
Values = Sequence[float] | NDArray[np.float64]


class Dots:
    """A sheet of characters that lines are drawn on.

    >>> sheet = Dots(4, 2, (0, 1), (0, 1))
    >>> sheet.line([0, 1], [0, 1])
    >>> sheet.rows()
    ['  ⡠⠊', '⡠⠊  ']
    """

    def __init__(self, width: int, height: int, xs: Span, ys: Span) -> None:
        self.width, self.height, self._xs, self._ys = width, height, xs, ys
        self.cells = np.zeros((height, width), int)

    def line(self, xs: Values, ys: Values) -> None:
        """Draw a line through points; what is not finite interrupts it, what is outside is left out."""
        dots = (self._dots(xs, self._xs, 2 * self.width), self._dots(ys, self._ys, 4 * self.height))
        for (x0, y0), (x1, y1) in pairwise(zip(*dots, strict=True)):
            first, last = _share_inside((x0, x1 - x0, 2 * self.width), (y0, y1 - y0, 4 * self.height))
            if first <= last:
                count = int(max(abs(x1 - x0), abs(y1 - y0)) * (last - first)) + 2
                for at in np.linspace(first, last, count):
                    self._set(round(x0 + at * (x1 - x0)), round(y0 + at * (y1 - y0)))

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """Return row and column of the character at a point; None if it is outside."""
        column = (x - self._xs[0]) / (self._xs[1] - self._xs[0]) * (self.width - 1)
        row = (self._ys[1] - y) / (self._ys[1] - self._ys[0]) * (self.height - 1)
        inside = 0 <= column <= self.width - 1 and 0 <= row <= self.height - 1
        return (round(row), round(column)) if inside else None

    def rows(self, *, ascii_only: bool = False) -> list[str]:
        """Return the characters, line by line; for terminals without these, stars and spaces."""
        marks = [" ", *(255 * "*" if ascii_only else (chr(_BLANK + each) for each in range(1, 256)))]
        return ["".join(marks[each] for each in row) for row in self.cells]

    def _dots(self, values: Values, span: Span, count: int) -> NDArray[np.float64]:
        share = (np.asarray(values, np.float64) - span[0]) / (span[1] - span[0])
        return share * (count - 1)

    def _set(self, x: int, y: int) -> None:
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            row = 4 * self.height - 1 - y
            self.cells[row // 4, x // 2] |= _BITS[row % 4, x % 2]


def _share_inside(*axes: tuple[float, float, int]) -> tuple[float, float]:
    """Return where a line enters and leaves the sheet, as shares of its length; in turn if it never does.

    For each axis where it begins, how far it goes and how many dots there are.
    """
    first, last = 0.0, 1.0
    for start, way, dots in axes:
        if not np.isfinite([start, way]).all() or (way == 0 and not -0.5 <= start <= dots - 0.5):
            return 1.0, 0.0
        if way:
            enters, leaves = sorted(((-0.5 - start) / way, (dots - 0.5 - start) / way))
            first, last = max(first, enters), min(last, leaves)
    return first, last


def framed(rows: Sequence[str], xs: Span, ys: Span, name: str, *, ascii_only: bool = False) -> list[str]:
    r"""Return rows with an axis on two sides: its ends as numbers, and the name of the horizontal one.

    >>> print("\n".join(framed(["**  ", "  **"], (0, 90), (0, 0.5), "step", ascii_only=True)))
    0.5 |**
      0 |  **
        +----
         0 step 90
    """
    bar, corner, dash = "|+-" if ascii_only else "│└─"
    top, bottom = number(ys[1], 3), number(ys[0], 3)
    margin = max(len(top), len(bottom))
    sides = [top, *[""] * (len(rows) - 2), bottom] if len(rows) > 1 else [bottom]
    low, high = number(xs[0]), number(xs[1])
    between = name.center(max(len(name) + 2, len(rows[0]) - len(low) - len(high)))
    return [
        *(f"{side:>{margin}} {bar}{row}".rstrip() for side, row in zip(sides, rows, strict=True)),
        f"{'':>{margin}} {corner}{dash * len(rows[0])}",
        f"{'':>{margin}}  {low}{between}{high}",
    ]
