"""Exponents of power laws, and rows that tell them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from .part import Row

__all__ = ["EXPONENT", "cells", "exponent", "number", "with_exponents"]

EXPONENT = "exponent"
FITTED = 3  # points: the last ones, since what is the same for all sizes hides the exponent in the first


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the exponent of the power of the size that fits the costs best, on logarithmic scales.

    >>> round(exponent([10, 20, 40, 80], [9, 8, 16, 32]), 3)
    1.0
    """
    slope, _ = np.polyfit(np.log(sizes[-FITTED:]), np.log(costs[-FITTED:]), 1)
    return float(slope)


def number(cell: str) -> float:
    """Return the number that a cell of a table shows.

    >>> number("10,000")
    10000.0
    """
    return float(cell.replace(",", ""))


def cells(values: Sequence[float]) -> Row:
    """Return numbers as a table shows them, with three digits.

    >>> cells([0.01234, 12.34, 1234])
    ('0.0123', '12.3', '1,234')
    """
    return tuple(f"{each:,.0f}" if each >= 100 else f"{each:.3g}" for each in values)


def with_exponents(groups: Sequence[Sequence[Row]], about: int) -> list[list[Row]]:
    """Return the rows by subject, each with a row of the exponents of its columns after it.

    The first `about` cells of a row tell the subject and, last, the size; all others are costs.
    """
    rows = [row for group in groups for row in group]
    arranged = []
    for subject, some in groupby(rows, lambda row: row[: about - 1]):
        same = list(some)
        sizes, *costs = (list(map(number, column)) for column in list(zip(*same, strict=True))[about - 1 :])
        fitted = (f"{exponent(sizes, each):.2f}" for each in costs) if len(same) > 1 else ("" for _ in costs)
        arranged.append([*same, (*subject, EXPONENT, *fitted)])
    return arranged
