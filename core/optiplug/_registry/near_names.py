"""Names that are easily taken for another: one slip of the keyboard away, or alike to the eye."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = ["near", "nearly"]

# What looks like what, in letters of Cyrillic and Greek and in signs of ASCII.
_ALIKE = str.maketrans(
    "аеорсухіјѕԁԛԝһαονικρτυ01iı5-.",
    "aeopcyxljsdqwhaovlkptuollls__",
)
_PAIRS = {"rn": "m", "vv": "w", "cl": "d"}


def near(name: str, known: Iterable[str]) -> str:
    """Return the first known name, in alphabetical order, that `name` is nearly but not quite; else nothing.

    >>> near("sgb", ["adam", "sgd"]), near("adarn", ["adam"]), near("sgd", ["sgd"]), near("muon", ["sgd"])
    ('sgd', 'adam', '', '')
    """
    others = sorted(set(known))
    return "" if name in others else next((each for each in others if nearly(name, each)), "")


def nearly(one: str, other: str) -> bool:
    """Whether two names differ by one letter, by two that have changed places, or not to the eye.

    >>> nearly("adam", "aadm"), nearly("adam", "adan"), nearly("lion", "1ion"), nearly("adam", "lion")
    (True, True, True, False)
    """
    return one != other and (_one_slip(one, other) or _skeleton(one) == _skeleton(other))


def _one_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        return True
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped


def _skeleton(name: str) -> str:
    """Return a form in which names are equal that look alike."""
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(each)
    )
    for pair, letter in _PAIRS.items():
        plain = plain.replace(pair, letter)
    return plain.translate(_ALIKE)
