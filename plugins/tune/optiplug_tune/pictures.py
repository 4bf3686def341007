"""The pictures of a study: how it got on, what each value does, and which ranges decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from optiplug_compare.canvas import Picture, Sheet, drawn
from optiplug_compare.labels import FAINT, INK, Label, fitted, label_ends
from optiplug_compare.phrasing import number

from .records import StudyRecord, TrialRecord

__all__ = ["figure_name", "pictures"]

_BLUE, _ORANGE = "#0072b2", "#d55e00"
_SEEN = 0.8  # of the values, the best ones; what is farther off is marked at the edge
_PADDING = 0.06
_ENDED_EARLY = ("pruned", "diverged", "failed")


@dataclass(frozen=True)
class _Values:
    """The values of a study, and the part of the axis that is worth seeing."""

    record: StudyRecord
    trials: Sequence[TrialRecord]
    log: bool
    span: tuple[float, float]

    @property
    def worse(self) -> float:
        """The edge where trials are marked that have no value."""
        return self.span[0] if self.record.judging.higher_is_better else self.span[1]

    def within(self, value: float) -> float:
        """Return a value, or the edge that is nearest to it."""
        return min(max(value, self.span[0]), self.span[1])

    def set(self, axes: Axes) -> None:
        """Prepare the vertical axis."""
        axes.set(ylabel=figure_name(self.record), yscale="log" if self.log else "linear", ylim=self.span)


def figure_name(record: StudyRecord) -> str:
    """Return what trials are judged by, in words."""
    name = record.judging.figure.replace("_", " ")
    return f"held-out {name}" if record.judging.steps else name


def pictures(record: StudyRecord) -> list[Picture]:
    """Return the pictures of a study; there is none if no trial came to its end."""
    values = _values(record)
    if values is None:
        return []
    names = dict.fromkeys(name for trial in record.trials for name in trial.values)
    bars = [] if record.importance is None else [_importance(record.importance)]
    return [_course(values), *bars, *(_slice(values, name) for name in names)]


def _values(record: StudyRecord) -> _Values | None:
    found = np.array([each.value for each in record.trials if each.value is not None])
    if not len(found):
        return None
    log = bool(found.min() > 0 and found.max() > 8 * found.min()) and not record.judging.higher_is_better
    scaled = np.sort(np.log10(found) if log else found)
    if record.judging.higher_is_better:
        scaled = scaled[::-1]
    seen = scaled[: max(2, math.ceil(_SEEN * len(scaled)))]
    low, high = float(seen.min()), float(seen.max())
    padding = _PADDING * (high - low) or 0.05 * abs(high) or 0.05
    low, high = low - padding, high + padding
    trials = [each for each in record.trials if each.value is not None or each.state in _ENDED_EARLY]
    return _Values(record, trials, log, (10**low, 10**high) if log else (low, high))


def _course(values: _Values) -> Picture:
    better = max if values.record.judging.higher_is_better else min
    places, best = list[int](), list[float]()
    for trial in values.trials:
        if trial.value is not None:
            places.append(trial.number)
            best.append(better([trial.value, *best[-1:]]))
    last = max(each.number for each in values.trials)

    def draw(figure: Figure, axes: Axes, sheet: Sheet) -> None:
        values.set(axes)
        axes.set(xlabel="trial", xlim=(-0.5, last + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        _draw_trials(axes, values, [each.number for each in values.trials])
        inside = [values.within(each) for each in [*best, best[-1]]]
        axes.step([*places, last + 0.5], inside, where="post", color=_BLUE, linewidth=1.8, zorder=3)
        end = (last + 0.5, inside[-1])
        label = Label("best so far", end, _BLUE, number(best[-1]))
        label_ends(figure, axes, [label], sheet.letters, sheet.column)

    return drawn(
        draw,
        1,
        name="course",
        title="Value of each trial, and the best so far",
        alt=f"{figure_name(values.record)} of {len(places)} trials; the best is {number(best[-1])}.",
        caption=_caption(values),
    )


def _slice(values: _Values, name: str) -> Picture:
    trials = [each for each in values.trials if name in each.values]
    options = values.record.choices.get(name, ())
    chosen = [each.values[name] for each in trials]
    places = [options.index(each) for each in chosen] if options else chosen

    def draw(figure: Figure, axes: Axes, sheet: Sheet) -> None:
        values.set(axes)
        axes.set_xlabel(fitted(name, sheet.letters, 0.8 * sheet.width))
        if options:
            axes.set_xlim(-0.5, len(options) - 0.5)
            axes.xaxis.set_major_locator(FixedLocator(range(len(options))))
            room = 0.8 * sheet.width / len(options)
            shown = [fitted(str(each), sheet.letters - 1, room) for each in options]
            axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: shown[int(place)]))
        elif name in values.record.log:
            _mark_decades(axes, min(places), max(places))
        _draw_trials(axes, _Values(values.record, trials, values.log, values.span), places)
        _fill(figure, axes, sheet)

    return drawn(
        draw,
        0,
        name=f"slice-{name}",
        title=f"{figure_name(values.record).capitalize()} against {name}",
        alt=f"A point for each of {len(trials)} trials: {name} and {figure_name(values.record)}.",
        caption=_caption(values),
    )


def _draw_trials(axes: Axes, values: _Values, places: Sequence[float]) -> None:
    """Draw a point for each trial, a mark at the edge where there is none, and a ring around the best."""
    for trial, place in zip(values.trials, places, strict=True):
        look: dict[str, Any] = {"color": FAINT, "zorder": 4, "clip_on": False}
        if trial.value is None:
            axes.plot(place, values.worse, marker="x", markersize=5, **look)
        elif values.within(trial.value) != trial.value:
            marker = "v" if trial.value < values.span[0] else "^"
            axes.plot(place, values.within(trial.value), marker=marker, markersize=5, **look)
        elif trial.number == values.record.best:
            axes.plot(place, trial.value, marker="o", markersize=8, color=_ORANGE, zorder=6, clip_on=False)
        else:
            axes.plot(place, trial.value, marker="o", markersize=4.5, alpha=0.75, **{**look, "color": _BLUE})


def _caption(values: _Values) -> str:
    said = ["The orange point is the best trial."]
    if any(each.value is None for each in values.trials):
        said.append("A cross at the edge is a trial that was pruned, diverged or failed.")
    if any(each.value is not None and values.within(each.value) != each.value for each in values.trials):
        said.append("A triangle at the edge is a trial whose value is farther off.")
    return " ".join(said)


def _mark_decades(axes: Axes, low: float, high: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(low / 1.3, high * 1.3)
    subs = (1, 3) if high / low < 1e3 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _fill(figure: Figure, axes: Axes, sheet: Sheet) -> None:
    """Let axes without labels beside them take all of the sheet."""
    place = axes.get_position()
    place.x1 = 1 - 2 * sheet.letters / figure.bbox.width
    axes.set_position(place)


def _importance(importance: dict[str, float]) -> Picture:
    shares = list(importance.items())

    def draw(figure: Figure, axes: Axes, sheet: Sheet) -> None:
        axes.set(xlabel="share", xlim=(0, 1), ylim=(len(shares) - 0.4, -0.8))
        axes.yaxis.set_visible(False)
        axes.spines["left"].set_visible(False)
        axes.barh(range(len(shares)), [share for _, share in shares], height=0.34, color=_BLUE)
        _fill(figure, axes, sheet)
        place = axes.get_position()
        place.x0 = 1.2 * sheet.letters / figure.bbox.width
        axes.set_position(place)
        for row, (name, share) in enumerate(shares):
            text = fitted(name, sheet.letters, 0.8 * sheet.width, f"{share:.2f}")
            axes.text(0, row - 0.3, text, size=sheet.letters, color=INK, va="bottom", parse_math=False)

    told = ", ".join(f"{name} {share:.2f}" for name, share in shares)
    return drawn(
        draw,
        2 * len(shares),
        name="importance",
        title="Which ranges decide",
        alt=f"Bars of the share of each range: {told}.",
        caption="What tells the good trials from all others, by PED-ANOVA; the shares add up to 1.",
    )
