"""Small pictures for the catalogue: paths down a valley, and values of a schedule.

Each function draws a picture and returns what it shows; None, and no picture, if there is nothing to see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from optiplug import from_config
from optiplug_compare.descents import STEPS, steepest
from optiplug_compare.landscapes import LANDSCAPES
from optiplug_compare.schedules import last_step
from valley import averaged, descent

__all__ = ["draw_optimizer", "draw_overview", "draw_processor", "draw_schedule"]

COLOURS = ("#c2410c", "#475569", "#0f766e", "#7c3aed")
VALLEY = LANDSCAPES["valley"]
APART = 0.03  # paths that nowhere differ by more look like one
# Hyperparameters that show what is to be seen, where those of the example are too small for it.
SHOWN: Mapping[str, Mapping[str, Any]] = {
    "add_noise": {"eta": 3.0},
    "cautious_weight_decay": {"rate": 2.0},
    "corrected_weight_decay": {"rate": 2.0},
    "l2": {"strength": 0.5},
    "max_norm": {"max_value": 1.2, "axis": 1},
    "scheduled_weight_decay": {"rate": 2.0},
    "weight_decay": {"rate": 2.0},
}
# A second form of a schedule, beside that of its example.
FORMS: Mapping[str, Mapping[str, Any]] = {
    "cosine": {"initial_learning_rate": 0.0, "warmup_target": 0.1, "warmup_steps": 200},
    "exponential": {"staircase": True},
    "inverse_time": {"staircase": True},
}


def draw_optimizer(config: Any, path: Path) -> str | None:
    """Draw the path of an optimizer."""
    _draw_paths({_name(config): _steepest(json.dumps(config.dump()))}, path)
    return f"Its first {STEPS} steps down a curved valley to the star, with the best of a few learning rates."


def draw_overview(configs: Iterable[Any], path: Path) -> None:
    """Draw the paths of a few optimizers, as those of their own pictures are."""
    _draw_paths({_name(each): _steepest(json.dumps(each.dump())) for each in configs}, path, (6.4, 3.6))


def draw_processor(config: Any, path: Path) -> str | None:
    """Draw the paths of descent with a processor and without; of an average also that of the averages."""
    name, plain = _name(config), _plain_descent()
    shown = config.model_copy(update=SHOWN.get(name, {}))
    taken = descent([shown])
    said = ", ".join(f"``{key}: {value}``" for key, value in SHOWN.get(name, {}).items())
    said = f" ({said})" if said else ""
    if np.abs(taken - plain).max() < APART:
        means = averaged([shown])
        if means is None:
            return None
        _draw_paths({f"averages of {name}": means, "sgd": plain}, path)
        return f"Descent with momentum down a curved valley{said}, and the averages that it leaves."
    _draw_paths({f"sgd with {name}": taken, "sgd": plain}, path)
    return f"Descent with momentum down a curved valley, with it{said} and without."


def draw_schedule(config: Any, path: Path) -> str | None:
    """Draw the values of a schedule, step by step."""
    form = FORMS.get(_name(config))
    curves = (
        {"": config}
        if form is None
        else {"example": config, _listed(form): type(config)(**{**dict(config), **form})}
    )
    last = max(map(last_step, curves.values()))
    at = np.unique(np.linspace(0, last, 160).astype(int))
    figure, axes = _figure()
    for (label, each), colour in zip(curves.items(), COLOURS, strict=False):
        schedule = each.create()
        axes.plot(at, [float(schedule(int(step))) for step in at], color=colour, linewidth=1.5, label=label)
    axes.set_xlabel("step", fontsize=8)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if form is not None:
        axes.legend(fontsize=6)
    _save(figure, path)
    return "Its values, with the hyperparameters of its example" + (" and in another form." if form else ".")


def _name(config: Any) -> str:
    name: str = config.dump()["use"]
    return name


def _listed(form: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in form.items())


@cache
def _steepest(text: str) -> Any:
    return steepest(from_config(json.loads(text)).config).points


@cache
def _plain_descent() -> Any:
    return descent()


def _draw_paths(paths: Mapping[str, Any], path: Path, size: tuple[float, float] = (3.2, 2.4)) -> None:
    figure, axes = _figure(size)
    xs, ys = VALLEY.span
    x, y = np.meshgrid(np.linspace(*xs, 90), np.linspace(*ys, 90))
    axes.contour(x, y, VALLEY.height(x, y), levels=VALLEY.levels(), colors="#94a3b8", linewidths=0.5)
    for (name, points), colour in reversed(list(zip(paths.items(), COLOURS, strict=False))):
        axes.plot(*points.T, color=colour, marker=".", markersize=2.5, linewidth=0.8, label=name)
    axes.plot(1, 1, marker="*", color="black", markersize=6)
    axes.set(xlim=xs, ylim=ys)
    if len(paths) > 1:
        axes.legend(fontsize=7, loc="lower left")
    _save(figure, path)


def _figure(size: tuple[float, float] = (3.2, 2.4)) -> tuple[Figure, Any]:
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(labelsize=7)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Software": None})
