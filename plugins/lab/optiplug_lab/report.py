"""What a run shows in a terminal: a bar while it goes, a table when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from .folder import RunFolder
from .run import Summary

__all__ = ["Bar", "show_interrupted", "show_summary"]

_SHORT = {"loss": "loss", "learning_rate": "rate", "gradient_norm": "norm"}


class Bar:
    """A progress bar on stderr with loss, rate, gradient norm and steps per second."""

    def __init__(self, name: str, first: int, steps: int, *, quiet: bool) -> None:
        console = Console(stderr=True, quiet=quiet)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=console,
            refresh_per_second=4,
        )
        self._bar = self._progress.add_task(name, total=steps, completed=first, figures="compiling")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Show the readings of a step."""
        speed = self._progress.tasks[0].speed or 0.0
        texts = [f"{short} {figures[name]:.2g}" for name, short in _SHORT.items()]
        self._progress.update(self._bar, completed=step, figures=" ".join([*texts, f"{speed:.0f} steps/s"]))


def show_summary(summary: Summary, folder: RunFolder) -> None:
    """Print the closing table to stdout."""
    table = Table(title=f"{summary.steps} steps", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in summary.final.items():
        title = name.replace("_", " ")
        trained = summary.trained[name]
        note = "" if trained == value else f"  (before finalising: {trained:.4f})"
        table.add_row(f"held-out {title}", f"{value:.4f}{note}")
    table.add_row("speed", f"{summary.steps_per_second:.1f} steps/s after the first")
    table.add_row("time", f"{summary.seconds:.1f} s of training")
    table.add_row("run", str(folder.path))
    Console(markup=False, highlight=False).print(table)


def show_interrupted(step: int, folder: RunFolder) -> None:
    """Say on stderr how to go on with a run that was interrupted."""
    Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(
        f"Saved after {step} steps. `optiplug train --resume {folder.path}` goes on."
    )
