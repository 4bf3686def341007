"""curves.png: how a run went, at a glance."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from optiplug.checkpoint.files import replacing

from .rows import read_metrics

__all__ = ["draw_curves"]

_BLUE, _ORANGE, _GREEN, _GRAY = "#0072b2", "#d55e00", "#009e73", "#8c8c8c"
_STYLE: dict[str, Any] = {"linewidth": 1.6, "solid_capstyle": "round"}
_SHOWN_MEAN = 50

Points = Sequence[tuple[int, float]]


def draw_curves(metrics: Path, image: Path, final: Mapping[str, float]) -> None:
    """Draw loss, held-out figure, learning rates and gradient norm of a run into a PNG file.

    What has no value has no panel: the rate of an optimizer without one, the norm where no step was made.

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
    rates = {name: points for name, points in columns.items() if name.partition("/")[0] == "learning_rate"}
    evaluated = next((name for name in columns if name.startswith("test_")), "")
    panels: list[Callable[[Axes], None]] = []
    if columns["loss"]:
        panels.append(lambda axes: _draw_noisy(axes, "Training loss", columns["loss"], _BLUE))
    if columns.get(evaluated):
        panels.append(lambda axes: _draw_evaluations(axes, evaluated, columns[evaluated], final))
    if any(rates.values()):
        panels.append(lambda axes: _draw_rates(axes, rates))
    if columns["gradient_norm"]:
        title = "Gradient norm, before clipping"
        panels.append(lambda axes: _draw_noisy(axes, title, columns["gradient_norm"], _ORANGE))
    _draw(panels, image)


def _draw(panels: Sequence[Callable[[Axes], None]], image: Path) -> None:
    rows = max(1, (len(panels) + 1) // 2)
    figure = Figure(figsize=(10, 3.2 * rows), dpi=130, layout="constrained")
    for number, draw in enumerate(panels):
        axes = figure.add_subplot(rows, 2, number + 1)
        draw(axes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        if number + 2 >= len(panels):
            axes.set_xlabel("Step")
    # A name of a folder may be no text; and like all names it may look like a formula, which it is not.
    name = os.fsencode(image.absolute().parent.name).decode(errors="replace")
    figure.suptitle(name, fontsize=11, parse_math=False)
    with replacing(image) as file:
        figure.savefig(file, format="png", metadata={"Software": None})


def _prepare(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", parse_math=False)
    axes.grid(visible=True, color="#e3e3e3", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.03)


def _explain(axes: Axes) -> None:
    for text in axes.legend(frameon=False, fontsize=8).get_texts():
        text.set_parse_math(False)


def _draw_noisy(axes: Axes, title: str, points: Points, color: str) -> None:
    """Draw each value faintly and their running geometric mean, on a logarithmic scale."""
    _prepare(axes, title)
    steps, values = np.array(points, dtype=np.float64).T
    shown = np.isfinite(values) & (values > 0)
    steps, values = steps[shown], values[shown]
    if not len(values):
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no value that is finite and positive", ha="center", transform=axes.transAxes)
        return
    axes.set_yscale("log")
    for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        place(LogFormatter(minor_thresholds=(1, 0.4)))
    axes.plot(steps, values, color=color, alpha=0.25, linewidth=0.8)
    window = max(1, min(_SHOWN_MEAN, len(values) // 10))
    logarithms = np.convolve(np.log(values), np.full(window, 1 / window), mode="valid")
    middles = np.convolve(steps, np.full(window, 1 / window), mode="valid")
    axes.plot(middles, np.exp(logarithms), color=color, label=f"mean of {window} steps", **_STYLE)
    if window > 1:
        _explain(axes)


def _draw_evaluations(axes: Axes, name: str, points: Points, final: Mapping[str, float]) -> None:
    figure = name.removeprefix("test_")
    _prepare(axes, f"Held-out {figure.replace('_', ' ')}")
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, color=_GREEN, marker="o", markersize=4, label="while training", **_STYLE)
    label = f"final weights: {final[figure]:.4g}"
    axes.plot(
        steps[-1], final[figure], color=_ORANGE, marker="*", markersize=13, linestyle="none", label=label
    )
    finite = [value for value in (*values[1:], final[figure]) if math.isfinite(value)]
    if finite:
        axes.set_ylim(*_limits(finite))
    _explain(axes)


def _limits(trained: Sequence[float]) -> tuple[float, float]:
    """Return limits that show how trained variables differ; those of step 0 would dwarf that."""
    low, high = min(trained), max(trained)
    # What the file says is rounded to float32.
    alike = math.isclose(low, high, rel_tol=1e-6)
    padding = (0.01 * abs(high) or 0.01) if alike else 0.15 * (high - low)
    return low - padding, high + padding


def _draw_rates(axes: Axes, rates: Mapping[str, Points]) -> None:
    _prepare(axes, "Learning rate" if len(rates) == 1 else "Learning rates")
    for number, (name, points) in enumerate(rates.items()):
        if points:
            color = _GRAY if len(rates) == 1 else f"C{number}"
            axes.plot(
                *zip(*points, strict=True), color=color, label=name.partition("/")[2] or "own", **_STYLE
            )
    axes.set_ylim(bottom=0)
    if len(rates) > 1:
        _explain(axes)
