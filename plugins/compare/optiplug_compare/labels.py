"""Names at the ends of lines, moved apart so that each can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from scipy.optimize import isotonic_regression

from .phrasing import name_of

__all__ = ["FAINT", "FONT", "INK", "Label", "apart", "drawable", "fitted", "label_ends", "width_of"]

FONT, INK, FAINT = "DejaVu Sans", "#1f2328", "#6b7280"
_GAP, _SWATCH, _SPACE = 8.0, 12.0, 4.0  # pixels
_LINE = 1.25  # heights of a letter


@dataclass(frozen=True)
class Label:
    """A name for the point where a line ends, in the colour and dashes of the line.

    `note` is behind the name, and is never cut.
    """

    text: str
    end: tuple[float, float]
    colour: str
    note: str = ""
    dashes: str = "-"
    faint: bool = False


def apart(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Return places nearest to those wanted, in their order, and at least `distance` from each other.

    Nearest is what has the least sum of squares. Without room for it between `low` and `high` they are
    spread evenly.

    >>> [round(each, 3) for each in apart([5.0, 5.2, 1.0], 1.0, 0.0, 10.0)]
    [4.6, 5.6, 1.0]
    >>> apart([9.0, 9.0, 9.0], 8.0, 0.0, 10.0)
    [0.0, 5.0, 10.0]
    """
    if not wanted:
        return []
    distance = min(distance, (high - low) / max(1, len(wanted) - 1))
    order = np.argsort(wanted, kind="stable")
    shifts = distance * np.arange(len(wanted))
    # Without their distances the places only have to be in order, which is a problem with a known solution.
    free = isotonic_regression(np.asarray(wanted, np.float64)[order] - shifts).x
    places = np.empty(len(wanted))
    places[order] = np.clip(free, low, high - shifts[-1]) + shifts
    return [float(each) for each in places]


def label_ends(figure: Figure, axes: Axes, labels: Sequence[Label], size: float, width: float) -> None:
    """Write labels into a column to the right of the axes, each joined to the end that it is of.

    The axes take the rest of the figure. `size` of the letters and the greatest `width` of the column are in
    pixels, of which an inch has 72.
    """
    room = width - _GAP - _SWATCH - 2 * _SPACE
    texts = [fitted(label.text, size, room, label.note) for label in labels]
    column = width - room + max((width_of(text, size) for text in texts), default=0)
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, 1 - column / figure.bbox.width - box.x0, box.height))
    (left, low), (right, high) = axes.transAxes.transform([(0, 0), (1, 1)])
    ends = [axes.transData.transform(label.end) for label in labels]
    ends = [np.clip(end, (left, low), (right, high)) for end in ends]
    places = apart([float(y) for _, y in ends], _LINE * size, low + size / 2, high - size / 2)
    start = right + _GAP + _SWATCH
    for label, text, (x, y), place in zip(labels, texts, ends, places, strict=True):
        weight = 1.2 if label.faint else 2.2
        _draw_line(figure, [(x, y), (right + _GAP, place)], label.colour, 0.5, (0, (1, 2)))
        _draw_line(figure, [(right + _GAP, place), (start, place)], label.colour, weight, label.dashes)
        figure.text(
            (start + _SPACE) / figure.dpi,
            place / figure.dpi,
            text,
            transform=figure.dpi_scale_trans,
            verticalalignment="center_baseline",
            fontfamily=FONT,
            fontsize=size,
            color=FAINT if label.faint else INK,
            parse_math=False,
        )


def _draw_line(
    figure: Figure, points: Sequence[tuple[float, float]], colour: str, weight: float, dashes: Any
) -> None:
    xs, ys = np.divide(points, figure.dpi).T
    line = Line2D(xs, ys, color=colour, linewidth=weight, linestyle=dashes, transform=figure.dpi_scale_trans)
    figure.add_artist(line)


def fitted(text: str, size: float, width: float, note: str = "") -> str:
    """Return a text as it can be drawn, without as much of its middle as does not fit into the width."""
    if note:
        return fitted(text, size, width - width_of(f" {note}", size)) + f" {note}"
    text = drawable(text)
    if width_of(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shorter = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if width_of(shorter, size) <= width:
            return shorter
    return "…"


def drawable(text: str) -> str:
    """Return a text in one line, with a replacement for each character that the font of pictures lacks."""
    font = _font()
    return "".join(each if font.get_char_index(ord(each)) else "\ufffd" for each in name_of(text))


def width_of(text: str, size: float) -> float:
    """Return how wide a text is in pixels."""
    width, _, _ = _renderer().get_text_width_height_descent(text, _properties(size), ismath=False)
    return float(width)


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, 72)


@cache
def _properties(size: float = 10.0) -> FontProperties:
    return FontProperties(family=FONT, size=size)


@cache
def _font() -> FT2Font:
    return get_font(findfont(_properties()))
