"""The command `optiplug diagnose`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from optiplug import TaskConfig
from optiplug.errors import nearest
from optiplug_lab.words import say

from .diagnosis import PREFIX, Finding, diagnostics
from .optimizers import optimizer_of
from .processes import findings
from .table import plain, show

__all__ = ["diagnose_optimizers"]

Optimizers = Annotated[
    list[str],
    typer.Argument(
        metavar="OPTIMIZER", show_default=False, help="Names of optimizers, and config files of them."
    ),
]
Only = Annotated[
    str,
    typer.Option(
        metavar="NAMES", show_default=False, help="Some of the diagnostics, such as scale,valley; else all."
    ),
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Processes, each with other optimizers.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def diagnose_optimizers(
    optimizers: Optimizers, *, only: Only = "", jobs: Jobs = 1, as_json: AsJson = False
) -> None:
    """Try optimizers on small problems with one difficulty each, and say which they pass and fail."""
    tasks = _tasks(only)
    configs = {each: optimizer_of(each) for each in dict.fromkeys(optimizers)}
    found: dict[str, list[Finding]] = {name: [] for name in configs}
    with contextlib.redirect_stdout(sys.stderr), _progress(len(configs) * len(tasks)) as advance:
        for name, finding in findings(configs, tasks, jobs):
            found[name].append(finding)
            advance()
    if as_json:
        typer.echo(json.dumps(plain(found, configs), indent=2, allow_nan=False))
    else:
        show(found, sys.stdout)
    problems = {(name, each.problem): each for name, all_ in found.items() for each in all_ if each.problem}
    for (name, problem), finding in problems.items():
        say(f"{name}, {finding.diagnostic}: {problem}")
    if problems:
        raise typer.Exit(1)


def _tasks(only: str) -> dict[str, TaskConfig]:
    """Return the diagnostics that are asked for, each with or without what the names of all begin with."""
    tasks, names = diagnostics(), [name.strip() for name in only.split(",") if name.strip()]
    chosen = {PREFIX + name.removeprefix(PREFIX) for name in names}
    for name in sorted(chosen - set(tasks)):
        hint = nearest(name, tasks) or f"they are {', '.join(each.removeprefix(PREFIX) for each in tasks)}"
        raise typer.BadParameter(f"there is no diagnostic {name!r}; {hint}", param_hint="--only")
    return {name: task for name, task in tasks.items() if not chosen or name in chosen}


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Count what has been tried where somebody looks on."""
    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("diagnostics", total=total)
        yield lambda: bar.advance(task)
