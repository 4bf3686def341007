"""Numbers and foreign texts as a page and its pictures show them."""

from __future__ import annotations

import math
from typing import Final

from optiplug.errors import plain

__all__ = ["NOTHING", "counted", "listed", "name_of", "number", "p_value"]

NOTHING: Final = "—"
_BEYOND: Final = 1e7
_LONGEST: Final = 80


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with so many significant digits; NaN and infinities are words, None a dash.

    >>> number(0.98333), number(1234567.0), number(float("nan")), number(float("-inf")), number(None)
    ('0.9833', '1,234,567', 'not a number', 'minus infinity', '—')
    """
    if value is None:
        return NOTHING
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinity" if value > 0 else "minus infinity"
    if 10**digits <= abs(value) < _BEYOND:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def p_value(value: float) -> str:
    """Return a probability as papers give it, in one word.

    >>> p_value(0.00001), p_value(0.0312), p_value(float("nan"))
    ('p<0.001', 'p=0.031', 'p unknown')
    """
    if math.isnan(value):
        return "p unknown"
    return "p<0.001" if value < 0.001 else f"p={value:.3f}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    >>> counted(1, "seed"), counted(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(names: list[str]) -> str:
    """Return names as a sentence has them.

    >>> listed(["adamw", "lion", "muon"])
    'adamw, lion and muon'
    """
    return " and ".join(([", ".join(names[:-1])] if names[1:] else []) + names[-1:])


def name_of(name: str) -> str:
    r"""Return a name in one line, with what cannot be seen as an escape, and cut in its middle if long.

    >>> name_of("two\nlines\u202e")
    'two\\nlines\\u202e'
    """
    shown = plain(name).replace("\n", "\\n") or "(no name)"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2]}…{shown[-_LONGEST // 2 + 1 :]}"
