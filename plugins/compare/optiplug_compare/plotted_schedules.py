"""The schedules in a config as a chart, a picture or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.text import Text

from optiplug import ConfigError
from optiplug.checkpoint.files import replace_file
from optiplug_lab.launch import prepare_tensorflow

from .braille import Dots, framed
from .canvas import Sheet, panels
from .phrasing import name_of
from .schedules import config_of_file, last_step, schedules_in, values_of
from .terminal import has_braille, print_lines, size

__all__ = ["PlottedSchedules"]

_SHEET = Sheet(760, 260, 11.5, 16)
_FORMAT = 1
_NEAR = 0.75  # of the greatest value


@dataclass(frozen=True)
class Curve:
    """The values of a schedule; `path` is that of its field, empty if it is all that the file has."""

    path: str
    use: str
    steps: Sequence[int]
    values: Sequence[float]

    @property
    def title(self) -> str:
        """The field and the name of the schedule."""
        return name_of(f"{self.path}: {self.use}" if self.path else self.use)

    @property
    def span(self) -> tuple[float, float]:
        """What its axis shows: from 0 on, unless the values are close to each other and far from it."""
        low, high = min(self.values), max(self.values)
        low = 0.0 if 0 <= low < _NEAR * high else low
        return (low, high) if low < high else (low - 1, high + 1)


@dataclass(frozen=True)
class PlottedSchedules:
    """All schedules of a config, one below the other, as each has values of its own kind."""

    curves: Sequence[Curve]

    @classmethod
    def of(cls, source: str, steps: int | None) -> PlottedSchedules:
        """Return those of a file.

        Raises
        ------
        ConfigError
            If the file is not valid, or has none.
        """
        config = config_of_file(Path(source))
        found = list(schedules_in(config))
        if not found:
            hint = "a schedule is a mapping with `use`, such as `learning_rate: {use: cosine, ...}`"
            raise ConfigError("there is no schedule in it", where=source, hint=hint)
        prepare_tensorflow(0)
        said: int | None = steps or getattr(config, "steps", None)
        count = said or max(last_step(each) for _, each in found)
        return cls([cls._curve(path, each, count) for path, each in found])

    @staticmethod
    def _curve(path: str, config: Any, steps: int) -> Curve:
        return Curve(path, config.dump()["use"], *values_of(config, steps))

    def as_json(self) -> dict[str, Any]:
        """Return the numbers."""
        curves = [
            {"path": each.path, "use": each.use, "steps": list(each.steps), "values": list(each.values)}
            for each in self.curves
        ]
        return {"format": _FORMAT, "schedules": curves}

    def show(self) -> None:
        """Print charts."""
        for each in self.curves:
            print_lines([Text(each.title, "bold"), *self._chart(each), ""])

    @staticmethod
    def _chart(curve: Curve) -> list[str | Text]:
        xs = (0.0, float(max(curve.steps[-1], 1)))
        dots, plain = Dots(*size(), xs, curve.span), not has_braille()
        dots.line(list(map(float, curve.steps)), curve.values)
        return list(framed(dots.rows(ascii_only=plain), xs, curve.span, "step", ascii_only=plain))

    def draw(self, path: Path) -> None:
        """Write a picture."""
        draws = [(each.title, partial(self._draw, curve=each)) for each in self.curves]
        replace_file(path, panels(draws, _SHEET, path.suffix.lower().removeprefix(".")))

    @staticmethod
    def _draw(_: Figure, axes: Axes, __: Sheet, curve: Curve) -> None:
        axes.plot(curve.steps, curve.values, color="#0072b2", linewidth=1.8)
        axes.set(xlabel="step", ylabel=name_of(curve.path.rpartition(".")[2] or "value"))
        axes.set_xlim(0, max(curve.steps[-1], 1))
        low, high = curve.span
        axes.set_ylim(low - 0.06 * (high - low) * (low != 0), high + 0.06 * (high - low))
