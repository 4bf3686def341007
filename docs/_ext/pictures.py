"""Small pictures for the catalogue: paths down a valley, and values of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from valley import HEIGHT, descent, height, steepest

__all__ = ["draw_optimizer", "draw_processor", "draw_schedule"]

COLOURS = ("#c2410c", "#475569")
SPAN = ((-1.9, 1.9), (-0.7, 2.3))
LAST = 120  # step of a schedule, where its hyperparameters do not tell how long it is


def draw_optimizer(config: Any, path: Path) -> None:
    """Draw the path of an optimizer."""
    _draw_paths({config.dump()["use"]: steepest(config)}, path)


def draw_processor(config: Any, path: Path) -> None:
    """Draw the paths of descent with a processor and without."""
    _draw_paths({f"sgd with {config.dump()['use']}": descent([config]), "sgd": _plain_descent()}, path)


def draw_schedule(config: Any, path: Path) -> None:
    """Draw the values of a schedule, step by step."""
    schedule = config.create()
    steps = [value for _, value in config if isinstance(value, int) and not isinstance(value, bool)]
    last = int(1.25 * max(steps, default=LAST)) or LAST
    at = np.unique(np.linspace(0, last, 160).astype(int))
    figure, axes = _figure()
    axes.plot(at, [float(schedule(int(step))) for step in at], color=COLOURS[0], linewidth=1.5)
    axes.set_xlabel("step", fontsize=8)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    _save(figure, path)


@cache
def _plain_descent() -> Any:
    return descent()


def _draw_paths(paths: Mapping[str, Any], path: Path) -> None:
    figure, axes = _figure()
    x, y = np.meshgrid(np.linspace(*SPAN[0], 90), np.linspace(*SPAN[1], 90))
    axes.contour(
        x, y, height(x, y), levels=np.geomspace(0.05, 4 * HEIGHT, 12), colors="#94a3b8", linewidths=0.5
    )
    for (name, points), colour in reversed(list(zip(paths.items(), COLOURS, strict=False))):
        axes.plot(*points.T, color=colour, marker=".", markersize=2.5, linewidth=0.8, label=name)
    axes.plot(1, 1, marker="*", color="black", markersize=6)
    axes.set(xlim=SPAN[0], ylim=SPAN[1])
    if len(paths) > 1:
        axes.legend(fontsize=7, loc="lower left")
    _save(figure, path)


def _figure() -> tuple[Figure, Any]:
    figure = Figure(figsize=(3.2, 2.4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(labelsize=7)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Software": None})
