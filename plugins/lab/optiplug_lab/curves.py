"""curves.png: how a run went, at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from .metrics import read_metrics

__all__ = ["draw_curves"]

_BLUE, _ORANGE, _GREEN, _GRAY = "#0072b2", "#d55e00", "#009e73", "#8c8c8c"
_STYLE: dict[str, Any] = {"linewidth": 1.6, "solid_capstyle": "round"}
_SHOWN_MEAN = 50

Points = Sequence[tuple[int, float]]


def draw_curves(metrics: Path, image: Path, final: Mapping[str, float]) -> None:
    """Draw loss, held-out figure, learning rate and gradient norm of a run into a PNG file.

    Parameters
    ----------
    metrics
        The metrics.csv of the run. Of several evaluation figures the first is drawn.
    image
        The file to write.
    final
        The figures of the finalized variables; the one that is drawn is marked at the end.
    """
    columns = read_metrics(metrics)
    figure = Figure(figsize=(10, 6.4), dpi=130, layout="constrained")
    (loss, test), (rate, norm) = figure.subplots(2, 2, sharex=True)
    _draw_noisy(loss, "Training loss", columns["loss"], _BLUE)
    _draw_evaluations(test, columns, final)
    _draw_rate(rate, columns["learning_rate"])
    _draw_noisy(norm, "Gradient norm, before clipping", columns["gradient_norm"], _ORANGE)
    for axes in (rate, norm):
        axes.set_xlabel("Step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    figure.suptitle(image.absolute().parent.name, fontsize=11)
    figure.savefig(image, metadata={"Software": None})


def _prepare(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.grid(visible=True, color="#e3e3e3", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.03)


def _draw_noisy(axes: Axes, title: str, points: Points, color: str) -> None:
    """Draw each value faintly and their running geometric mean, on a logarithmic scale."""
    _prepare(axes, title)
    steps, values = np.array(points, dtype=np.float64).T
    shown = np.isfinite(values) & (values > 0)
    steps, values = steps[shown], values[shown]
    if not len(values):
        return
    axes.set_yscale("log")
    for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        place(LogFormatter(minor_thresholds=(1, 0.4)))
    axes.plot(steps, values, color=color, alpha=0.25, linewidth=0.8)
    window = max(1, min(_SHOWN_MEAN, len(values) // 10))
    logarithms = np.convolve(np.log(values), np.full(window, 1 / window), mode="valid")
    middles = np.convolve(steps, np.full(window, 1 / window), mode="valid")
    axes.plot(middles, np.exp(logarithms), color=color, label=f"mean of {window} steps", **_STYLE)
    axes.legend(frameon=False, fontsize=8)


def _draw_evaluations(axes: Axes, columns: Mapping[str, Points], final: Mapping[str, float]) -> None:
    name = next((name for name in columns if name.startswith("test_")), "test_")
    figure = name.removeprefix("test_")
    _prepare(axes, f"Held-out {figure.replace('_', ' ')}")
    points = columns.get(name, ())
    if not points:
        return
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, color=_GREEN, marker="o", markersize=4, label="while training", **_STYLE)
    label = f"final weights: {final[figure]:.4g}"
    axes.plot(
        steps[-1], final[figure], color=_ORANGE, marker="*", markersize=13, linestyle="none", label=label
    )
    axes.set_ylim(*_limits([*values, final[figure]]))
    axes.legend(frameon=False, fontsize=8)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return limits that show how trained variables differ; those of step 0 would dwarf that."""
    trained = values[1:]
    padding = 0.15 * (max(trained) - min(trained)) or 0.01 * abs(trained[0]) or 0.01
    return min(trained) - padding, max(trained) + padding


def _draw_rate(axes: Axes, points: Points) -> None:
    _prepare(axes, "Learning rate")
    axes.plot(*zip(*points, strict=True), color=_GRAY, **_STYLE)
    axes.set_ylim(bottom=0)
