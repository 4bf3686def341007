"""Options that several commands share, and those of clusters."""

from __future__ import annotations

from typing import Annotated

import typer

from .completion import complete_lock

__all__ = ["LockPath", "Locked", "Output", "Replicas", "Rows", "Servers", "Sharded", "Strategy"]

Locked = Annotated[
    bool,
    typer.Option("--locked", help="Refuse plugins that are not as in the file optiplug.lock beside FILE."),
]
LockPath = Annotated[
    str | None,
    typer.Option(
        "--lock",
        metavar="PATH",
        help="As --locked, with this lock file.",
        autocompletion=complete_lock,
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="The lock file; by default optiplug.lock, beside all of FILE.",
        autocompletion=complete_lock,
        show_default=False,
    ),
]
Replicas = Annotated[
    int | None,
    typer.Option(
        "--replicas",
        metavar="N",
        min=1,
        help="Also calculate what a step of the task holds and moves on so many replicas.",
        show_default=False,
    ),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        metavar="NAME",
        help="How they share a batch: multi_worker (the default), mirrored, mesh or parameter_server.",
        show_default=False,
    ),
]
Servers = Annotated[
    int | None,
    typer.Option("--servers", metavar="N", help="How many parameter servers there are.", show_default=False),
]
Sharded = Annotated[bool, typer.Option("--sharded", help="As with `sharded_state: true` in FILE.")]
Rows = Annotated[
    list[str] | None,
    typer.Option(
        "--rows",
        metavar="PATH=N",
        help="How many rows of a table a replica looks up in a batch; for each table with sparse gradients.",
        show_default=False,
    ),
]
