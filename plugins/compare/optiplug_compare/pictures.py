"""The pictures of a comparison: how its rows get on, and what the learning rate does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .canvas import Picture, Sheet, drawn
from .labels import FAINT, Label, label_ends
from .limits import limits, suits_logarithms, whole
from .phrasing import counted, listed, number
from .records import Comparison, Figure
from .series import Series, by_rate, by_seconds, by_step, loss_by_seconds, loss_by_step
from .standings import Standing

__all__ = ["pictures"]

# Okabe's and Ito's colours, which people who see fewer colours tell apart, but for their yellow.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7a5195")
_GREY = "#a3a9b2"
_NAMED = 8  # in a description for who cannot see a picture


@dataclass(frozen=True)
class _Plot:
    """Lines in the order of their rows, the best first, and what their axes are."""

    series: Sequence[Series]
    x: str
    y: str
    higher_is_better: bool
    log: bool
    span: tuple[float, float]
    target: float | None = None


def pictures(comparison: Comparison, ranked: Sequence[Standing]) -> list[Picture]:
    """Return the pictures of a comparison; one for which there is no finite value is left out.

    The best eight rows are in colours, the others grey.
    """
    figure, rows, name = comparison.figure, [standing.row for standing in ranked], name_of_figure(comparison)
    seeds = max((sum(each.ended.values()) for each in ranked), default=0)
    made = [
        _lines("figure-steps", name, [by_step(row, figure) for row in rows], figure=figure, seeds=seeds),
        _lines("figure-seconds", name, [by_seconds(row, figure) for row in rows], figure=figure, seeds=seeds),
        _lines("loss-steps", "training loss", list(map(loss_by_step, rows)), seeds=seeds),
        _lines("loss-seconds", "training loss", list(map(loss_by_seconds, rows)), seeds=seeds),
        _rates(name, [by_rate(row, figure) for row in rows], figure),
    ]
    twice = ("loss-steps", "loss-seconds") if is_training_loss(comparison) else ()
    return [each for each in made if each is not None and each.name not in twice]


def name_of_figure(comparison: Comparison) -> str:
    """Return what rows are judged by, in words."""
    name = f"held-out {comparison.figure.name.replace('_', ' ')}"
    return "training loss" if is_training_loss(comparison) else name


def is_training_loss(comparison: Comparison) -> bool:
    """Whether rows are judged by their training loss, since nothing is known on held-out data."""
    runs = [run for row in comparison.rows for run in row.runs]
    return any(run.losses for run in runs) and not any(run.figures for run in runs)


def _lines(
    name: str, y: str, series: Sequence[Series], *, seeds: int, figure: Figure | None = None
) -> Picture | None:
    """Draw lines with bands, of a figure or, without one, of losses; against what the name ends with."""
    shown = [each for each in series if each.end is not None]
    higher = figure is not None and figure.higher_is_better
    log = suits_logarithms(shown) and not higher
    span = limits(shown, higher_is_better=higher, log=log)
    if span is None:
        return None
    x = name.partition("-")[2]
    unit = "seconds of training" if x == "seconds" else x
    plot = _Plot(shown, unit, y, higher, log, span, figure.target if figure else None)
    ends = [f"{each.name} {number(each.end[1], 3)}" for each in shown[:_NAMED] if each.end]
    more = f", and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return drawn(
        partial(_draw_lines, plot=plot),
        len(shown) + 1,
        name=name,
        title=f"{y[0].upper()}{y[1:]} against {x}",
        alt=f"Lines of {y} against {unit}. They end at: {listed(ends)}{more}.",
        caption=_caption(plot, series, seeds),
    )


def _caption(plot: _Plot, series: Sequence[Series], seeds: int) -> str:
    low, high = plot.span
    said = [f"Median over {counted(seeds, 'seed')}; the band goes from the least to the greatest value."]
    if seeds < 2:
        said = ["One seed, so there is no band."]
    if any(each.lost for each in plot.series):
        said.append("A cross marks where a run diverged.")
    if any(each.end and not low <= each.end[1] <= high for each in plot.series):
        said.append("A triangle marks where a line leaves the picture; its last value is beside its name.")
    if len(plot.series) > len(COLOURS):
        said.append(f"The best {len(COLOURS)} are in colours.")
    absent = [each.name for each in series if each.end is None]
    if absent:
        said.append(f"Without a line, as there is no finite value: {listed(absent)}.")
    return " ".join(said)


def _look(rank: int, rows: int) -> dict[str, Any]:
    """Return how the line of a row is drawn; in so many colours that nobody takes one for another."""
    if rank < len(COLOURS):
        return {"color": COLOURS[rank], "linewidth": 1.8, "zorder": 3 + (rows - rank) / rows}
    return {"color": _GREY, "linewidth": 1.0, "zorder": 2}


def _draw_lines(canvas: Canvas, axes: Axes, sheet: Sheet, plot: _Plot) -> None:
    axes.set(xlabel=plot.x, ylabel=plot.y, yscale="log" if plot.log else "linear", ylim=plot.span)
    axes.set_xlim(0, max(each.places[-1] for each in plot.series) or 1)
    labels = []
    for rank, series in enumerate(plot.series):
        look = _look(rank, len(plot.series))
        axes.plot(series.places, np.where(np.isfinite(series.middle), series.middle, np.nan), **look)
        if rank < len(COLOURS):
            band = {"color": look["color"], "alpha": 0.16, "linewidth": 0}
            axes.fill_between(series.places, series.low, series.high, **band)
        end, note, leaves = _end(series, plot)
        marks = [((x, _within(y, plot.span)), "x") for x, y in series.lost]
        if leaves:
            marks.append((end, "v" if end[1] == plot.span[0] else "^"))
        for place, marker in marks:
            axes.plot(*place, marker=marker, markersize=6, color=look["color"], clip_on=False, zorder=5)
        labels.append(Label(series.name, end, look["color"], note, faint=rank >= len(COLOURS)))
    if plot.target is not None and plot.span[0] <= plot.target <= plot.span[1]:
        axes.axhline(plot.target, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        end = (axes.get_xlim()[1], plot.target)
        labels.append(Label("target", end, FAINT, number(plot.target), dashes="--", faint=True))
    label_ends(canvas, axes, labels, sheet.letters, sheet.column)


def _end(series: Series, plot: _Plot) -> tuple[tuple[float, float], str, bool]:
    """Return where a line ends in the picture, what is noted there, and whether it leaves the picture."""
    finite = np.isfinite(series.middle)
    places, values = series.places[finite], series.middle[finite]
    diverged = "diverged" if series.diverged or not finite[-1] else ""
    (inside,) = np.nonzero((values >= plot.span[0]) & (values <= plot.span[1]))
    if len(inside) and inside[-1] == len(values) - 1:
        return (float(places[-1]), float(values[-1])), diverged, False
    edge = _within(float(values[-1]), plot.span)
    x = float(places[-1])
    if len(inside):
        before, after = inside[-1], inside[-1] + 1
        edge = _within(float(values[after]), plot.span)
        share = (edge - values[before]) / (values[after] - values[before])
        x = float(places[before] + share * (places[after] - places[before]))
    return (x, edge), diverged or number(float(values[-1]), 3), True


def _within(value: float, span: tuple[float, float]) -> float:
    return min(max(value, span[0]), span[1])


def _rates(y: str, series: Sequence[Series], figure: Figure) -> Picture | None:
    """Draw the final figure against the factor of the learning rate; None if there was one only."""
    if max((len(each.places) for each in series), default=0) < 2:
        return None
    shown = [each for each in series if len(each.places)]
    log = suits_logarithms(shown) and not figure.higher_is_better
    span = whole(shown, log=log)
    if span is None:
        return None
    x = "learning rate, as a multiple of the row's own"
    plot = _Plot(shown, x, f"final {y}", figure.higher_is_better, log, span)
    return drawn(
        partial(_draw_rates, plot=plot),
        len(shown),
        name="rates",
        title="Sensitivity to the learning rate",
        alt=f"Lines of final {y} against the learning rate, as a multiple of that of each row.",
        caption="Each point is the median of the runs with that rate. Open circles at the edge diverged.",
    )


def _draw_rates(canvas: Canvas, axes: Axes, sheet: Sheet, plot: _Plot) -> None:
    axes.set(
        xscale="log", yscale="log" if plot.log else "linear", xlabel=plot.x, ylabel=plot.y, ylim=plot.span
    )
    factors = sorted({float(place) for each in plot.series for place in each.places})
    axes.set_xlim(factors[0] / 1.2, factors[-1] * 1.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda factor, _: f"×{number(factor, 3)}"))
    axes.xaxis.set_minor_locator(NullLocator())
    worse = plot.span[0] if plot.higher_is_better else plot.span[1]
    labels = []
    for rank, series in enumerate(plot.series):
        look = _look(rank, len(plot.series))
        inside = (series.middle >= plot.span[0]) & (series.middle <= plot.span[1])
        axes.plot(series.places, np.where(inside, series.middle, np.nan), marker="o", markersize=4, **look)
        # Beside each other, as all of them are at the edge.
        aside = 1 + 0.03 * (rank - (len(plot.series) - 1) / 2) / max(1, len(plot.series) / 8)
        beyond = series.places[~inside] * aside
        style: dict[str, Any] = {
            "linestyle": "none",
            "markerfacecolor": "white",
            "clip_on": False,
            "zorder": 4,
        }
        axes.plot(beyond, np.full(len(beyond), worse), marker="o", markersize=6, color=look["color"], **style)
        (ends,) = np.nonzero(inside)
        end = (series.places[ends[-1]], series.middle[ends[-1]]) if len(ends) else (beyond[-1], worse)
        labels.append(Label(series.name, end, look["color"], faint=rank >= len(COLOURS)))
    label_ends(canvas, axes, labels, sheet.letters, sheet.column)
    axes.xaxis.set_major_locator(FixedLocator(_readable(factors, axes, 4 * sheet.letters)))


def _readable(factors: Sequence[float], axes: Axes, distance: float) -> list[float]:
    """Return the factors, 1 among them, that are so many pixels from each other."""
    kept: dict[float, float] = {}
    for factor in sorted(factors, key=lambda each: each != 1):
        place = axes.transData.transform((factor, axes.get_ylim()[1]))[0]
        if all(abs(place - other) >= distance for other in kept.values()):
            kept[factor] = place
    return list(kept)
