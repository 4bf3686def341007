"""How far an axis goes, so that what is good can be told apart although something is far off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .series import Series

__all__ = ["limits", "suits_logarithms", "whole"]

_JUDGES = 8  # of the best lines at most, and no more than half, say what is worth seeing
_BEGUN = 0.25  # of a line; what is before it would dwarf the rest
_BEYOND = 1.5  # times the way of these from there on; what ends farther off leaves the picture
_PADDING = 0.06


def limits(series: Sequence[Series], *, higher_is_better: bool, log: bool) -> tuple[float, float] | None:
    """Return the limits of a vertical axis; None if there is nothing to see on it.

    In them lie the ends of the best lines and about the last three quarters of their way, and every other end
    that is not much farther off than that.
    """
    sign = 1.0 if higher_is_better else -1.0
    scaled = [sign * each for each in (_scaled(one, log) for one in series) if len(each)]
    if not scaled:
        return None
    scaled.sort(key=lambda values: -values[-1])
    best = scaled[: min(_JUDGES, (len(scaled) + 1) // 2)]
    top, lowest = max(values.max() for values in best), min(values[-1] for values in best)
    begun = float(np.median([values[int(_BEGUN * (len(values) - 1))] for values in best]))
    farthest = min(values[-1] for values in scaled)
    bottom = min(lowest, max(min(begun, farthest), top - _BEYOND * (top - begun)))
    return _padded(*sorted([float(sign * bottom), float(sign * top)]), log=log)


def whole(series: Sequence[Series], *, log: bool) -> tuple[float, float] | None:
    """Return limits between which all finite values lie; None if there are none."""
    values = np.concatenate([np.zeros(0), *(_scaled(each, log) for each in series)])
    return _padded(float(values.min()), float(values.max()), log=log) if len(values) else None


def _padded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    padding = _PADDING * (high - low) or 0.05 * abs(high) or 0.05
    low, high = low - padding, high + padding
    return (10**low, 10**high) if log else (low, high)


def suits_logarithms(series: Sequence[Series]) -> bool:
    """Whether all values are positive and some many times as large as others."""
    values = np.concatenate([np.zeros(0), *(_scaled(each, log=False) for each in series)])
    return len(values) > 0 and bool(values.min() > 0) and bool(values.max() > 8 * values.min())


def _scaled(series: Series, log: bool) -> NDArray[np.float64]:
    shown = np.isfinite(series.middle) & ((series.middle > 0) | (not log))
    values = series.middle[shown]
    return np.log10(values) if log else values
