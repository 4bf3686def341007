"""A sheet that a picture is drawn on, once for wide windows and once for phones."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .labels import FAINT, FONT, INK, fitted
from .phrasing import number

__all__ = ["NARROW", "WIDE", "Draw", "Picture", "Sheet", "drawn", "panels"]

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


Draw = Callable[[Figure, Axes, Sheet], None]

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


def drawn(draw: Draw, labels: int, *, name: str, title: str, alt: str, caption: str) -> Picture:
    """Return what `draw` draws onto axes that are empty, on sheets with room for so many labels."""
    with _plain_style():
        wide, narrow = (_figure([(title, draw)], sheet.taller(labels)) for sheet in (WIDE, NARROW))
        return Picture(
            name=name,
            title=title,
            alt=alt,
            caption=caption,
            wide=_encoded(wide, "svg"),
            narrow=_encoded(narrow, "svg"),
            png=_encoded(wide, "png"),
        )


def panels(draws: Sequence[tuple[str, Draw]], sheet: Sheet, form: str) -> bytes:
    """Return a PNG or SVG file of panels below each other, each with its title and as large as the sheet."""
    with _plain_style():
        return _encoded(_figure(draws, sheet), form)


@contextlib.contextmanager
def _plain_style() -> Iterator[None]:
    """Draw without a person's own settings, which may be TeX for all texts, or a font without the letters."""
    with style.context("default"), mpl.rc_context({"font.family": FONT, "svg.hashsalt": "optiplug"}):
        yield


def _figure(draws: Sequence[tuple[str, Draw]], sheet: Sheet) -> Figure:
    size = (sheet.width / _DPI, len(draws) * sheet.height / _DPI)
    figure = Figure(figsize=size, dpi=_DPI)
    for place, (title, draw) in enumerate(draws, 1):
        _draw(figure, draw, sheet, title, (len(draws) - place) * sheet.height)
    return figure


def _draw(figure: Figure, draw: Draw, sheet: Sheet, title: str, bottom: float) -> None:
    """Draw a panel whose lower edge is so many pixels above that of the figure."""
    width, height, letters = figure.bbox.width, figure.bbox.height, sheet.letters
    left, below, above = 5 * letters, 3.4 * letters, 2.2 * letters
    inner = (width - left - sheet.column, sheet.height - below - above)
    place = (left / width, (bottom + below) / height, inner[0] / width, inner[1] / height)
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
    title = fitted(title, letters + 1.5, width - 16)
    figure.text(8 / width, (bottom + sheet.height - 0.5 * letters) / height, title, **_title_style(letters))


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


def _encoded(figure: Figure, form: str) -> bytes:
    written = io.BytesIO()
    if form == "svg":
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    else:
        figure.savefig(written, format="png", dpi=_SHARP * _DPI, metadata={"Software": None})
    return written.getvalue()
