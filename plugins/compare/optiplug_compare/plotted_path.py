"""The path of an optimizer over a landscape as a chart, a picture or numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.text import Text

from optiplug import ConfigError, OptimizerConfig, registry
from optiplug.checkpoint.files import replace_file
from optiplug_lab.launch import prepare_tensorflow

from .braille import Dots
from .canvas import Sheet, panels
from .landscapes import LANDSCAPES, Landscape
from .phrasing import counted, name_of, number
from .schedules import config_of_file
from .terminal import has_braille, print_lines, size

__all__ = ["PlottedPath"]

_SHEET = Sheet(760, 470, 11.5, 16)
_FORMAT, _STEPS, _VALLEY = 1, 120, next(iter(LANDSCAPES))
_LINE, _CONTOUR = "#c2410c", "#94a3b8"


@dataclass(frozen=True)
class PlottedPath:
    """The points of an optimizer, the start first; `rate` is the learning rate that was chosen for it."""

    use: str
    landscape: str
    points: NDArray[np.float64]
    rate: float | None

    @classmethod
    def of(cls, source: str, steps: int | None, landscape: str | None) -> PlottedPath:
        """Return the path of an optimizer: as a file says, or by name and with the best of a few rates.

        Raises
        ------
        ConfigError
            If the file is not valid, or has no optimizer.
        PluginError
            If the name cannot be found, or used.
        """
        path, name = Path(source), landscape or _VALLEY
        is_file = path.is_file() or bool(path.suffix)
        config = _optimizer(path) if is_file else registry.get("optimizers", source)()
        prepare_tensorflow(0)
        from .descents import Descent, Taken, steepest

        ground, count = LANDSCAPES[name], steps or _STEPS
        taken = Taken(Descent(config, ground, count).path()) if is_file else steepest(config, ground, count)
        return cls(config.dump()["use"], name, taken.points, taken.rate)

    @property
    def ground(self) -> Landscape:
        """What the path is over."""
        return LANDSCAPES[self.landscape]

    @property
    def heights(self) -> NDArray[np.float64]:
        """The height at each point."""
        return np.array([float(self.ground.height(*point)) for point in self.points])

    @property
    def title(self) -> str:
        """What is seen, in a line."""
        rate = "" if self.rate is None else f" with learning rate {number(self.rate)}, the best of a few"
        heights = self.heights
        end = number(float(heights[-1]), 3) if math.isfinite(heights[-1]) else "no finite number"
        way = f"{counted(len(heights) - 1, 'step')} over the {self.landscape}"
        return f"{name_of(self.use)}{rate}: {way}, height {number(float(heights[0]), 3)} to {end}"

    def as_json(self) -> dict[str, Any]:
        """Return the numbers; null stands for what is not finite."""
        return {
            "format": _FORMAT,
            "use": self.use,
            "landscape": self.landscape,
            "learning_rate": self.rate,
            "points": [[_finite(x), _finite(y)] for x, y in self.points],
            "heights": list(map(_finite, self.heights)),
        }

    def show(self) -> None:
        """Print a chart: contours of points, the path of lines, stars where it should end."""
        columns, rows = size(0)
        plain, (xs, ys) = not has_braille(), self.ground.span
        dots = Dots(columns, rows + 6, xs, ys)
        dots.line(*self.points.T)
        path = dots.rows(ascii_only=plain)
        lines = [Text(each, "dim") for each in self._contours(dots, "." if plain else "·")]
        for line, drawn in zip(lines, path, strict=True):
            _lay_over(line, drawn, "bold red")
        for mark, places in (("o", [self.ground.start]), ("*", self.ground.ends)):
            for place in places:
                if cell := dots.cell(*place):
                    _put(lines[cell[0]], cell[1], mark, "bold")
        print_lines([*lines, Text(self.title), Text("o is where it begins, * where it should end", "dim")])

    def _contours(self, dots: Dots, mark: str) -> list[str]:
        x = np.linspace(*self.ground.span[0], dots.width + 1)
        y = np.linspace(*self.ground.span[1], dots.height + 1)[::-1]
        levels = np.digitize(self.ground.height(*np.meshgrid(x, y)), self.ground.levels(8))
        edges = (levels[:-1, :-1] != levels[1:, :-1]) | (levels[:-1, :-1] != levels[:-1, 1:])
        return ["".join(mark if each else " " for each in row) for row in edges]

    def draw(self, path: Path) -> None:
        """Write a picture."""
        replace_file(path, panels([(self.title, self._draw)], _SHEET, path.suffix.lower().removeprefix(".")))

    def _draw(self, _: Figure, axes: Axes, __: Sheet) -> None:
        xs, ys = self.ground.span
        x, y = np.meshgrid(np.linspace(*xs, 160), np.linspace(*ys, 160))
        axes.grid(visible=False)
        axes.contour(
            x, y, self.ground.height(x, y), levels=self.ground.levels(), colors=_CONTOUR, linewidths=0.6
        )
        axes.plot(*self.points.T, color=_LINE, marker=".", markersize=4, linewidth=1.2)
        axes.plot(*self.ground.start, color=_LINE, marker="o", markersize=7)
        for end in self.ground.ends:
            axes.plot(*end, color="black", marker="*", markersize=10, linestyle="none")
        axes.set(xlim=xs, ylim=ys, xlabel="x", ylabel="y")


def _optimizer(path: Path) -> OptimizerConfig:
    config = config_of_file(path)
    optimizer = getattr(config, "optimizer", config)
    if not isinstance(optimizer, OptimizerConfig):
        raise ConfigError(
            "must have an optimizer", where=str(path), received=registry.reference_of(type(config))
        )
    return optimizer


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _lay_over(line: Text, drawn: str, style: str) -> None:
    for column, each in enumerate(drawn):
        if each != " ":
            _put(line, column, each, style)


def _put(line: Text, column: int, mark: str, style: str) -> None:
    line.plain = f"{line.plain[:column]}{mark}{line.plain[column + 1 :]}"
    line.stylize(style, column, column + 1)
