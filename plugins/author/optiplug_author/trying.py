"""The command `optiplug test`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from .choosing import chosen

__all__ = ["try_plugins"]

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", show_default=False, help="NAME or NAME@DISTRIBUTION of a plugin."),
]
Kind = Annotated[
    str | None,
    typer.Option(metavar="KIND", show_default=False, help="Only one kind: optimizer, processor, ..."),
]
Distributions = Annotated[
    list[str] | None,
    typer.Option("--distribution", metavar="NAME", show_default=False, help="All plugins of a distribution."),
]
Matching = Annotated[
    str,
    typer.Option("-k", metavar="EXPR", show_default=False, help="Only promises that match, as with pytest."),
]
Level = Annotated[
    Literal["config", "full"], typer.Option(help="Try what can be said in configs, or everything.")
]
Expected = Annotated[
    list[str] | None,
    typer.Option(
        "--expect", metavar="CHECK=REASON", show_default=False, help="It fails for now, for this reason."
    ),
]
Listed = Annotated[bool, typer.Option("--list", help="Say what would be tried, and try nothing.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, show_default=False, help="Processes, with pytest-xdist; by default one per core, up to 4."
    ),
]
Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", show_default=False, help="Also write a report in JUnit's form.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def try_plugins(
    names: Names = None,
    *,
    kind: Kind = None,
    distribution: Distributions = None,
    k: Matching = "",
    level: Level = "full",
    expect: Expected = None,
    listed: Listed = False,
    jobs: Jobs = None,
    junit: Junit = None,
    as_json: AsJson = False,
) -> None:
    """Try on installed plugins whether they keep what every plugin promises."""
    entries = chosen(names or [], kind, distribution or [])
    given = {"-k": k, "--junit": junit, "--jobs": jobs}
    if listed and any(given.values()):
        option = next(option for option, value in given.items() if value)
        raise typer.BadParameter("cannot be combined with --list", param_hint=option)
    # pytest is imported when it is needed: `optiplug test --help` answers at once.
    from .report import print_json, print_plan, print_results
    from .results import Results
    from .session import Session

    with _progress() as advance, contextlib.redirect_stdout(sys.stderr):  # what plugins print is no data
        results = Results(entries, advance)
        session = Session(results, level, expect or [])
        if not listed:
            session.run(k, jobs, junit)
    say_all = print_json if as_json else print_plan if listed else print_results
    say_all(results)
    if not results.kept:
        raise typer.Exit(1)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """Count what has been tried where somebody looks on."""
    console = Console(file=sys.stderr)  # this one: pytest puts another in its place now and then
    with Progress(
        console=console, transient=True, auto_refresh=False, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("promises", total=None)

        def advance() -> None:
            bar.advance(task)
            bar.refresh()

        yield advance
