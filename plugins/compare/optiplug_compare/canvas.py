"""A sheet that a picture is drawn on, once for wide windows and once for phones."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .labels import FAINT, FONT, INK
from .phrasing import number

__all__ = ["NARROW", "WIDE", "Picture", "Sheet", "drawn"]

_DPI = 72  # so that a point is a pixel
_SHARP = 2  # dots of a PNG for each pixel


@dataclass(frozen=True)
class Sheet:
    """How large a picture is, and its letters, in pixels."""

    width: float
    height: float
    letters: float
    column: float
    """Width of the column of labels."""

    def taller(self, labels: int) -> Sheet:
        """Return a sheet with room for so many labels, one below the other."""
        needed = 1.4 * self.letters * labels + 7 * self.letters
        return Sheet(self.width, max(self.height, needed), self.letters, self.column)


WIDE = Sheet(760, 400, 11.5, 210)
NARROW = Sheet(368, 340, 11, 128)


@dataclass(frozen=True)
class Picture:
    """A picture for a page, as SVG for wide and for narrow windows, and as a PNG file.

    `alt` says what it shows to who cannot see it, `caption` how to read it.
    """

    name: str
    title: str
    alt: str
    caption: str
    wide: bytes
    narrow: bytes
    png: bytes


def drawn(
    draw: Callable[[Figure, Axes, Sheet], None], labels: int, *, name: str, title: str, alt: str, caption: str
) -> Picture:
    """Return what `draw` draws onto axes that are empty, on sheets with room for so many labels."""
    # A person's own settings would apply else: TeX for all texts, or a font without the letters.
    with style.context("default"), mpl.rc_context({"font.family": FONT, "svg.hashsalt": name}):
        wide, narrow = (_figure(draw, sheet.taller(labels), title) for sheet in (WIDE, NARROW))
        return Picture(
            name,
            title,
            alt,
            caption,
            _encoded(wide, "svg"),
            _encoded(narrow, "svg"),
            _encoded(wide, "png"),
        )


def _figure(draw: Callable[[Figure, Axes, Sheet], None], sheet: Sheet, title: str) -> Figure:
    figure = Figure(figsize=(sheet.width / _DPI, sheet.height / _DPI), dpi=_DPI)
    letters, left = sheet.letters, 5 * sheet.letters
    bottom, top = 3.4 * letters, 2.2 * letters
    inner = (sheet.width - left - sheet.column, sheet.height - bottom - top)
    place = (left / sheet.width, bottom / sheet.height, inner[0] / sheet.width, inner[1] / sheet.height)
    axes = figure.add_axes(place)
    axes.tick_params(labelsize=letters - 1, color=FAINT, labelcolor=INK)
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=max(3, int(inner[0] // 60)), steps=[1, 2, 5, 10]))
    draw(figure, axes, sheet)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(size=letters, color=INK, parse_math=False)
    if axes.get_yscale() == "log":
        _mark_plainly(axes.yaxis, *axes.get_ylim())
    figure.text(8 / sheet.width, 1 - 0.5 * letters / sheet.height, title, **_title_style(letters))
    return figure


def _mark_plainly(axis: Axis, low: float, high: float) -> None:
    """Write numbers at a logarithmic axis; what is usual there are formulas."""
    decades = math.log10(high / low)
    few = (
        MaxNLocator(5) if decades < 0.6 else LogLocator(subs=(1, 2, 5) if decades < 3 else (1,), numticks=10)
    )
    axis.set_major_locator(few)
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))
    axis.set_minor_formatter(NullFormatter())


def _title_style(letters: float) -> dict[str, Any]:
    return {"fontsize": letters + 0.5, "fontweight": "bold", "color": INK, "va": "top", "parse_math": False}


def _encoded(figure: Figure, format: str) -> bytes:
    written = io.BytesIO()
    if format == "svg":
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    else:
        figure.savefig(written, format="png", dpi=_SHARP * _DPI, metadata={"Software": None})
    return written.getvalue()
