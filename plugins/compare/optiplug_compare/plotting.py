"""The command `optiplug plot`."""

from __future__ import annotations

import contextlib
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .landscapes import LANDSCAPES

if TYPE_CHECKING:
    from .plotted_path import PlottedPath
    from .plotted_schedules import PlottedSchedules

__all__ = ["plot"]

_FORMATS = (".png", ".svg")
_STEPS = 120


class What(StrEnum):
    """What can be plotted."""

    schedule = "schedule"
    path = "path"


Chosen = Annotated[What, typer.Argument(metavar="schedule|path", show_default=False, help="What to plot.")]
Source = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        show_default=False,
        help="A config: of an optimizer, a run or a schedule; for a path also the name of an optimizer.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        show_default=False,
        help=f"Steps to plot; by default those of the run, what the schedule says of itself, or {_STEPS}.",
    ),
]
Ground = Annotated[
    str | None,
    typer.Option(
        "--landscape",
        metavar="NAME",
        show_default=False,
        help=f"What a path is over, of {', '.join(LANDSCAPES)}; by default {next(iter(LANDSCAPES))}.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="PNG", show_default=False, help="Draw into this file, PNG or SVG, and not here."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, for programs.")]


def plot(
    what: Chosen,
    source: Source,
    *,
    steps: Steps = None,
    landscape: Ground = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Plot the schedules of a config, or the path of an optimizer over a landscape, here or as a picture."""
    if what is What.schedule and landscape is not None:
        raise typer.BadParameter("is for paths", param_hint="--landscape")
    if landscape is not None and landscape not in LANDSCAPES:
        raise typer.BadParameter(f"must be one of {', '.join(LANDSCAPES)}", param_hint="--landscape")
    if out is not None and out.suffix.lower() not in _FORMATS:
        raise typer.BadParameter("must end with .png or .svg", param_hint="--out")
    with contextlib.redirect_stdout(sys.stderr):  # what plugins print is no data
        plotted = _plotted(what, source, steps, landscape)
    if out is not None:
        plotted.draw(out)
    if as_json:
        typer.echo(json.dumps(plotted.as_json(), allow_nan=False))
    elif out is not None:
        typer.echo(f"{out}")
    else:
        plotted.show()


def _plotted(
    what: What, source: str, steps: int | None, landscape: str | None
) -> PlottedPath | PlottedSchedules:
    # Imported late: what draws takes a second, and TensorFlow more.
    if what is What.schedule:
        from .plotted_schedules import PlottedSchedules

        return PlottedSchedules.of(source, steps)
    from .plotted_path import PlottedPath

    return PlottedPath.of(source, steps, landscape)
