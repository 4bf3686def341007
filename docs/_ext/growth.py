"""Sphinx extension: the directive ``growth-pictures`` draws what is measured in `benchmarks/RESULTS.md`.

Costs against the number of variables, and steps of a table against its rows, each with the exponent of
the power that fits. The numbers are those of the tables, so a picture cannot show others.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from optiplug_compare.labels import apart

__all__ = ["APART", "RESULTS", "STYLES", "Curve", "by_rows", "by_variables", "drawn", "svg", "table"]

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
EXPONENT = "exponent"
# Okabe's and Ito's colours, which people who see fewer colours tell apart, and markers beside them.
STYLES = (
    ("#0072b2", "o"),
    ("#d55e00", "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
    ("#56b4e9", "P"),
    ("#000000", "X"),
    ("#64748b", "*"),
)
UNITS = {"s": 1.0, "ms": 1e-3}
APART = 0.045  # of the height of a picture, between two labels

Row = Mapping[str, str]


class Curve(NamedTuple):
    """A cost in seconds at some sizes, and the exponent of its power law."""

    label: str
    sizes: Sequence[float]
    seconds: Sequence[float]
    exponent: str


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("growth-pictures", Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Pictures(SphinxDirective):
    """Insert both pictures."""

    def run(self) -> list[nodes.Node]:
        """Return them, as SVG elements of the page."""
        self.env.note_dependency(str(RESULTS))
        text = RESULTS.read_text()
        growth, rows = by_variables(table(text, "growth")), by_rows(table(text, "rows"))
        pictures = [
            drawn(growth, "variables of 64 elements"),
            drawn(rows, "rows of the table, 1,000 in a batch"),
        ]
        return [nodes.raw("", each, format="html") for each in pictures]


def table(text: str, name: str) -> list[Row]:
    r"""Return the rows of the table of one part of the benchmarks.

    >>> table("## rows\n\n| a | b |\n| --- | ---: |\n| 1 | 2 |\n", "rows")
    [{'a': '1', 'b': '2'}]
    """
    section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    columns, _, *rows = lines
    return [dict(zip(columns, row, strict=True)) for row in rows]


def by_variables(rows: Sequence[Row]) -> list[Curve]:
    """Return what one does with adam on variables that are joined, against their number."""
    chosen = [row for row in rows if (row["setup"], row["elements each"]) == ("adam", "64")]
    return [_curve(column.rpartition(", ")[0], chosen, "variables", column) for column in _times(chosen[0])]


def by_rows(rows: Sequence[Row]) -> list[Curve]:
    """Return the steps of each optimizer against the rows of the table."""
    chosen: dict[str, list[Row]] = {}
    for row in rows:
        if row["varied"] == "table":
            chosen.setdefault(row["optimizer"], []).append(row)
    return [_curve(f"step of {name}", some, "rows", "step, ms") for name, some in chosen.items()]


def _times(row: Row) -> Iterator[str]:
    yield from (column for column in row if column.rpartition(", ")[2] in UNITS)


def _curve(label: str, rows: Sequence[Row], size: str, column: str) -> Curve:
    *measured, fitted = rows
    unit = UNITS[column.rpartition(", ")[2]]
    return Curve(
        label,
        [_number(row[size]) for row in measured],
        [unit * _number(row[column]) for row in measured],
        fitted[column],
    )


def _number(cell: str) -> float:
    return float(cell.replace(",", ""))


def drawn(curves: Sequence[Curve], sizes: str) -> str:
    """Return a picture of the curves as an SVG element, each with its name and exponent at its end."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log", xlabel=sizes, ylabel="seconds")
    axes.grid(visible=True, color="#e2e8f0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    for curve, (colour, marker) in zip(curves, STYLES, strict=False):
        axes.plot(curve.sizes, curve.seconds, color=colour, marker=marker, markersize=4, linewidth=1.5)
    axes.autoscale_view()  # else it is done when the picture is drawn, and places in it are others until then
    in_axes = axes.transData - axes.transAxes
    ends = [in_axes.transform((curve.sizes[-1], curve.seconds[-1])) for curve in curves]
    heights = apart([height for _, height in ends], APART, 0.0, 1.0)
    for curve, (colour, _), end, height in zip(curves, STYLES, ends, heights, strict=False):
        axes.annotate(
            f"{curve.label}, exponent {curve.exponent}",
            end,
            (1.04, height),
            xycoords=axes.transAxes,
            textcoords=axes.transAxes,
            verticalalignment="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5},
        )
    return svg(figure, f"Seconds against the number of {sizes}, on logarithmic axes")


def svg(figure: Figure, label: str) -> str:
    """Return a picture as an SVG element, which is called so for who cannot see it."""
    written = io.StringIO()
    # The same text for the same numbers; letters stay letters, so that a page can be searched.
    with mpl.rc_context({"svg.hashsalt": label, "svg.fonttype": "none"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    element = written.getvalue()
    element = element[element.index("<svg") :]
    return element.replace("<svg ", f'<svg role="img" aria-label="{label}" style="max-width: 100%" ', 1)
