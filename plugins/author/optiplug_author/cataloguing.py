"""The command `optiplug catalogue`."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from optiplug import registry

from .choosing import of_distribution
from .words import muted_stderr, say, shown

__all__ = ["catalogue"]

_FORMAT = 1

Folder = Annotated[Path, typer.Argument(metavar="DIR", show_default=False, help="Where the pages go.")]
Distributions = Annotated[
    list[str] | None,
    typer.Option(
        "--distribution",
        metavar="NAME",
        show_default=False,
        help="Only the plugins of this distribution; may be given again.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was written as JSON, for programs.")]


def catalogue(folder: Folder, *, distribution: Distributions = None, as_json: AsJson = False) -> None:
    """Write pages in Markdown about installed plugins: formula, hyperparameters, state, paper."""
    entries = [each for name in distribution or () for each in of_distribution(name)]
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{str(folder)!r} is no folder", param_hint="DIR")
    with muted_stderr():  # TensorFlow has much to say while it loads
        from .pages.catalogue import Catalogue

    pages = Catalogue(list(dict.fromkeys(entries)) if distribution else registry.entries())
    with contextlib.redirect_stdout(sys.stderr):  # what plugins print is no data
        written = sorted(str(path) for path in pages.write(folder))
    for entry, why in pages.broken.items():
        say(f"{entry} cannot be used, and has no page: {why}")
    if as_json:
        broken = {entry.qualified: why for entry, why in pages.broken.items()}
        typer.echo(json.dumps({"format": _FORMAT, "pages": written, "broken": broken}, indent=2))
    else:
        typer.echo(f"{shown(str(folder))}: {len(written)} pages")
    if pages.broken:
        raise typer.Exit(4)
