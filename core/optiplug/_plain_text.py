"""Texts of files, names and plugins as they are shown: bounded, and without power over a terminal."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from itertools import islice

__all__ = ["in_one_line", "of_value", "plain", "shortened"]

_LONGEST_VALUE = 200
_CUT = " [...] "
_PYTHON_CONVERTS = 10_000  # bits; a number of more has too many digits to be written


def plain(text: str) -> str:
    r"""Return `text` with every character that could steer a terminal, or that is not seen, as an escape.

    These are control characters, marks of direction, spaces without width and half surrogate pairs. Line
    feeds stay.

    >>> print(plain("red \x1b[31m, and back to front \u202e"))
    red \x1b[31m, and back to front \u202e
    """
    if text.isprintable():
        return text
    return "".join(each if each == "\n" or each.isprintable() else ascii(each)[1:-1] for each in text)


def in_one_line(text: str) -> str:
    """Return `text` as `plain` does, with line feeds as escapes, too: what is one name stays one."""
    return plain(text).replace("\n", "\\n")


def shortened(text: str, longest: int) -> str:
    """Return `text` without its middle if it is longer than that.

    >>> shortened("a" * 100, 20)
    'aaaaaaa [...] aaaaaa'
    """
    if len(text) <= longest:
        return text
    tail = (longest - len(_CUT)) // 2
    return f"{text[: longest - len(_CUT) - tail]}{_CUT}{text[-tail:]}"


def of_value(value: object) -> str:
    """Return the beginning of the `repr` of any value, without making all of it.

    >>> of_value({"rate": [0.1, "x"]})
    "{'rate': [0.1, 'x']}"
    >>> len(of_value(["x"] * 10**6))
    203
    """
    shown = _BRIEF.repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."


class _Brief(reprlib.Repr):
    """Items in their order, and numbers of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxtuple = self.maxlist = self.maxdict = self.maxset = _LONGEST_VALUE // 2
        self.maxfrozenset = self.maxdeque = self.maxarray = _LONGEST_VALUE // 2
        self.maxstring = self.maxother = 2 * _LONGEST_VALUE

    def repr_dict(self, x: Mapping[object, object], level: int) -> str:
        """Return the first items."""
        items = islice(x.items(), self.maxdict)
        pieces = [f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}" for key, value in items]
        return f"{{{', '.join(pieces)}{', ...' if len(x) > self.maxdict else ''}}}"

    def repr_int(self, x: int, level: int) -> str:
        """Return the digits, unless they are more than Python converts."""
        return repr(x) if x.bit_length() < _PYTHON_CONVERTS else f"a number of {x.bit_length():,} bits"


_BRIEF = _Brief()
