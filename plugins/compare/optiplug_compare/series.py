"""Runs of a row as one line with a band: what a picture draws of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .records import Figure, Points, Row, RunRecord
from .standings import figure_points, final_figure

__all__ = ["Series", "by_rate", "by_seconds", "by_step", "loss_by_seconds", "loss_by_step"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """The median over seeds at each place, and the least and the greatest value there.

    A run that has diverged counts as worse than any other from there on, so the median may be infinite.
    `lost` are the last finite points of those runs, `diverged` whether they are at least half.
    """

    name: str
    places: Values
    middle: Values
    low: Values
    high: Values
    lost: tuple[tuple[float, float], ...] = ()
    diverged: bool = False

    @property
    def end(self) -> tuple[float, float] | None:
        """The last point of the median that is finite; None if none is."""
        (finite,) = np.nonzero(np.isfinite(self.middle))
        return (float(self.places[finite[-1]]), float(self.middle[finite[-1]])) if len(finite) else None


def by_step(row: Row, figure: Figure) -> Series:
    """Return the figure of a row's judged runs against steps."""
    return _series(row, lambda run: figure_points(run, figure), figure.higher_is_better)


def by_seconds(row: Row, figure: Figure) -> Series:
    """Return the figure against seconds of training; without a place where no time is known."""
    return _in_seconds(by_step(row, figure), row)


def loss_by_step(row: Row) -> Series:
    """Return the training loss of a row's judged runs against steps."""
    return _series(row, lambda run: run.losses, higher_is_better=False)


def loss_by_seconds(row: Row) -> Series:
    """Return the training loss against seconds of training."""
    return _in_seconds(loss_by_step(row), row)


def by_rate(row: Row, figure: Figure) -> Series:
    """Return the final figure of all runs of a row against the factor of its learning rate."""
    runs = [run for run in row.runs if run.ended in ("done", "diverged")]
    factors = sorted({run.rate_factor for run in runs})
    worst = -math.inf if figure.higher_is_better else math.inf
    finals = [[_judged(run, figure, worst) for run in runs if run.rate_factor == each] for each in factors]
    return _stacked(row.name, factors, finals)


def _judged(run: RunRecord, figure: Figure, worst: float) -> float:
    final = worst if run.ended == "diverged" else final_figure(run, figure)
    return final if math.isfinite(final) else worst


def _series(row: Row, points_of: Callable[[RunRecord], Points], higher_is_better: bool) -> Series:
    worst = -math.inf if higher_is_better else math.inf
    runs = [run for run in row.runs if run.rate_factor == 1 and run.ended != "failed" and points_of(run)]
    columns = [
        {step: value if math.isfinite(value) else worst for step, value in points_of(run)} for run in runs
    ]
    places = sorted({step for each in columns for step in each})
    lost = []
    for run, column in zip(runs, columns, strict=True):
        finite = [(step, value) for step, value in column.items() if math.isfinite(value)]
        if run.ended == "diverged":
            column |= {step: worst for step in places if step > max(column)}
        if finite and (run.ended == "diverged" or len(finite) < len(column)):
            lost.append(finite[-1])
    values = [[column[place] for column in columns if place in column] for place in places]
    diverged = sum(run.ended == "diverged" for run in runs)
    return replace(
        _stacked(row.name, places, values), lost=tuple(lost), diverged=0 < len(runs) <= 2 * diverged
    )


def _stacked(name: str, places: Sequence[float], values: Sequence[Sequence[float]]) -> Series:
    """Return a series of the values at each place, of which there is one at least."""
    finite = [[value for value in each if math.isfinite(value)] for each in values]
    return Series(
        name,
        np.array(places, np.float64),
        np.array([np.median(each) for each in values], np.float64),
        np.array([min(each, default=math.nan) for each in finite], np.float64),
        np.array([max(each, default=math.nan) for each in finite], np.float64),
    )


def _in_seconds(series: Series, row: Row) -> Series:
    """Return a series with seconds in place of steps, by the median time of a step over the runs."""
    times = [
        time for run in row.runs if run.rate_factor == 1 and (time := _seconds_per_step(run)) is not None
    ]
    if not times:
        return _stacked(series.name, (), ())
    scale = float(np.median(times))
    lost = tuple((step * scale, value) for step, value in series.lost)
    return replace(series, places=series.places * scale, lost=lost)


def _seconds_per_step(run: RunRecord) -> float | None:
    steps = max((step for points in (run.losses, *run.figures.values()) for step, _ in points), default=0)
    if run.seconds is not None and steps > 1:
        return run.seconds / (steps - 1)  # the first is not in it
    return None if run.ms_per_step is None else run.ms_per_step / 1000
