"""The command `optiplug find-rate`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from optiplug_lab.command import setting
from optiplug_lab.config import TrainConfig

from .entrants import Asked, entrants
from .options import BatchSize, Task
from .rate_test import HIGHEST, LOWEST, STEPS
from .rate_test import find_rate as test_rates

__all__ = ["find_rate"]

_FORMAT = 1

File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="The config of a run, or of an optimizer."),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", show_default=False, help="In place of FILE: an optimizer with its defaults."
    ),
]
Lowest = Annotated[float, typer.Option("--low", metavar="RATE", help="The first rate.")]
Highest = Annotated[float, typer.Option("--high", metavar="RATE", help="The last rate.")]
Steps = Annotated[int, typer.Option(metavar="N", min=10, help="How many rates are tried, at most.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="A value of the run, such as optimizer.momentum=0.9; may be given again.",
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="PNG", show_default=False, help="Also draw the curve into this file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the test as JSON, for programs.")]


def find_rate(
    file: File = None,
    *,
    optimizer: Optimizer = None,
    task: Task = None,
    low: Lowest = LOWEST,
    high: Highest = HIGHEST,
    steps: Steps = STEPS,
    batch_size: BatchSize = None,
    set_: Settings = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Let the learning rate of a run grow until its loss does, and say which rates are good ones."""
    if not 0 < low < high:
        raise typer.BadParameter(f"must be > 0 and less than --high, {high:g}", param_hint="--low")
    if out is not None and out.suffix.lower() != ".png":
        raise typer.BadParameter("must end in .png", param_hint="--out")
    config = _run(file, optimizer, Asked(task, steps, batch_size, list(map(setting, set_ or ()))))
    from optiplug_lab.launch import prepare_tensorflow

    from .rate_chart import draw, show

    prepare_tensorflow(config.seed)
    with contextlib.redirect_stdout(sys.stderr), _progress(steps) as tell:  # what plugins print is no data
        test = test_rates(config, lowest=low, highest=high, steps=steps, tell=tell)
    if out is not None:
        draw(test, config, out)
    if as_json:
        run = {"task": config.task.dump(), "optimizer": config.optimizer.dump()}
        typer.echo(json.dumps({"format": _FORMAT, **run, **test.as_json()}, allow_nan=False))
    else:
        show(test, config)


def _run(file: Path | None, optimizer: str | None, asked: Asked) -> TrainConfig:
    if (file is None) == (optimizer is None):
        raise typer.BadParameter("either FILE or --optimizer is required", param_hint="FILE")
    if optimizer is not None and asked.task is None:
        raise typer.BadParameter("is required with --optimizer", param_hint="--task")
    files, names = [] if file is None else [file], [] if optimizer is None else [optimizer]
    return entrants(files, names, asked)[0].config


@contextlib.contextmanager
def _progress(steps: int) -> Iterator[Callable[[int], None]]:
    """Show a bar where there is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("rates", total=steps)
        yield lambda tried: progress.update(bar, completed=tried)
