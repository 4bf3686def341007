"""The curve of a learning-rate range test, on a terminal and as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from optiplug.checkpoint.files import replace_file
from optiplug.errors import plain
from optiplug_lab.config import TrainConfig

from .braille import Dots, framed
from .canvas import Sheet, panels
from .phrasing import number
from .rate_test import RateTest
from .terminal import has_braille, print_lines, size

__all__ = ["draw", "show"]

_SHEET = Sheet(760, 400, 11.5, 16)
_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"
_ENDED = {
    "tried": "the loss has not risen to four times its least up to the highest",
    "risen": "the loss has risen to four times its least",
    "not finite": "the loss is no finite number any more",
}


def show(test: RateTest, config: TrainConfig) -> None:
    """Print the curve and what it suggests."""
    print_lines([plain(_title(config)), ""])
    if len(test.rates) > 1:
        print_lines([*_chart(test), ""])
    print_lines(list(map(plain, _words(test))))


def draw(test: RateTest, config: TrainConfig, path: Path) -> None:
    """Write the curve as a PNG file."""
    replace_file(path, panels([(_title(config), partial(_draw, test=test))], _SHEET, "png"))


def _title(config: TrainConfig) -> str:
    use = config.optimizer.dump()["use"].partition("@")[0]
    return f"{use} on {config.task.dump()['use'].partition('@')[0]}: loss by learning rate"


def _words(test: RateTest) -> Iterator[str]:
    last = f", to {number(test.rates[-1])}" if test.rates else ""
    yield f"{len(test.rates)} rates were tried{last}: {_ENDED[test.ended]}."
    if test.others:
        yield f"The rates are those of {test.scaled}; {', '.join(test.others)} kept their ratio to it."
    if test.valley is None or test.steepest is None:
        yield "The loss falls at none of them by more than batches differ."
        yield "Try others, by --low and --high, or more of them, by --steps."
        return
    yield f"valley    {number(test.valley, 2):<8}  the middle of the longest fall: safe, often a little low"
    yield f"steepest  {number(test.steepest, 2):<8}  where the loss falls fastest: often a little high"
    factor = "" if not test.others else " (and the others by the same factor)"
    yield f"In a run: --set {test.scaled}.learning_rate={test.valley:.2g}{factor}"


def _span(test: RateTest) -> tuple[float, float]:
    """Return what the axis of the loss shows: the fall, and not all of the rise behind it."""
    low, first = min(test.smoothed), test.smoothed[0]
    high = min(max(test.smoothed), max(first, low) + 0.5 * abs(first - low))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _chart(test: RateTest) -> list[str]:
    xs, ys, ascii_only = (math.log(test.rates[0]), math.log(test.rates[-1])), _span(test), not has_braille()
    dots = Dots(*size(), xs, ys)
    dots.line(np.log(test.rates), np.array(test.smoothed))
    if test.valley is not None:
        dots.line([math.log(test.valley)] * 2, ys)
    ends = (test.rates[0], test.rates[-1])
    return framed(dots.rows(ascii_only=ascii_only), ends, ys, "learning rate", ascii_only=ascii_only)


def _draw(_: Figure, axes: Axes, __: Sheet, test: RateTest) -> None:
    axes.set_xscale("log")
    axes.plot(test.rates, test.losses, color=_BLUE, linewidth=0.8, alpha=0.3)
    axes.plot(test.rates, test.smoothed, color=_BLUE, linewidth=2)
    low, high = min(test.losses), _span(test)[1]
    axes.set_ylim(low - 0.1 * (high - low), high + 0.25 * (high - low))
    axes.xaxis.set_major_locator(LogLocator(numticks=10))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: number(rate, 3)))
    axes.minorticks_off()
    of = "" if test.scaled == "optimizer" else f" of {test.scaled}"
    axes.set(xlabel=f"learning rate{of}", ylabel="training loss, and its running mean")
    # The texts are on the far sides of the lines, which may be near to each other.
    nearer = (test.valley or 0) <= (test.steepest or 0)
    _mark(axes, "valley", test.valley, _GREEN, "right" if nearer else "left")
    _mark(axes, "steepest", test.steepest, _ORANGE, "left" if nearer else "right")


def _mark(axes: Axes, name: str, rate: float | None, colour: str, side: Literal["left", "right"]) -> None:
    if rate is not None:
        axes.axvline(rate, color=colour, linewidth=1.4, linestyle=(0, (4, 2)))
        style: dict[str, Any] = {"color": colour, "ha": side, "va": "top", "fontsize": 11}
        axes.text(rate, 0.98, f" {name} {number(rate, 2)} ", transform=axes.get_xaxis_transform(), **style)
