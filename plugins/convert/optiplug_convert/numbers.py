"""Numbers that a library keeps in float32, as they were written."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TypeVar

__all__ = ["short", "unrounded"]

Value = TypeVar("Value")


def short(value: float) -> float:
    """Return what was calculated without the digits that are a rounding.

    >>> short(0.01 / 0.1)
    0.1
    """
    return float(f"{value:.15g}")


def unrounded(value: Value) -> Value:
    """Return a document in which numbers that were rounded to float32 are the shortest that round so.

    >>> unrounded({"learning_rate": 0.0010000000474974513, "betas": [0.9, 0.25]})
    {'learning_rate': 0.001, 'betas': [0.9, 0.25]}
    """
    if isinstance(value, Mapping):
        return {key: unrounded(item) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [unrounded(item) for item in value]  # type: ignore[return-value]
    # A number of NumPy, as `get_config` has some.
    plain = value.item() if hasattr(value, "item") else value
    return _shortest(plain) if isinstance(plain, float) else plain  # type: ignore[return-value]


def _shortest(value: float) -> float:
    try:
        if _single(value) != value:
            return value
    except OverflowError:
        return value
    candidates = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return next((each for each in candidates if _single(each) == value), value)


def _single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
