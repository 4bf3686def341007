"""What a comparison says while it goes: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from optiplug.errors import in_one_line
from optiplug_lab.words import say

from .outcome import Outcome
from .plan import Plan

__all__ = ["Bars", "Lines", "progress_of"]

_IDLE = {"waits": "waiting for others", "died": "loading"}


def progress_of(plan: Plan, folder: Path, *, quiet: bool) -> Bars | Lines:
    """Return who tells on standard error how the comparison in a folder goes."""
    if sys.stderr.isatty() and not quiet:
        return Bars(plan, folder)
    return Lines(plan, folder, quiet=quiet)


class Lines:
    """A line for each run that has ended, and for what went wrong; with `quiet` for the latter only."""

    def __init__(self, plan: Plan, folder: Path, *, quiet: bool = False) -> None:
        self._runs, self._folder, self._quiet = plan.runs, folder, quiet
        self._told: set[str] = set()

    @property
    def ended(self) -> int:
        """How many runs have ended, also by others that work in the folder."""
        return sum(Outcome.read(self._folder / each.folder) is not None for each in self._runs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def hear(self, worker: int, event: Mapping[str, Any]) -> None:
        """Say what is worth a line."""
        what, run = event["event"], event.get("run", "")
        if what == "ended":
            problem = f": {event['problem']}" if event["problem"] else ""
            self._say(
                f"{self.ended}/{len(self._runs)} {run} {event['ended']}{problem}", event["ended"] != "done"
            )
        elif what == "died":
            self._say(f"{run or f'worker {worker}'}: {event['problem']}, another goes on", wrong=True)
        elif what == "claimed" and run not in self._told:
            self._told.add(run)
            self._say(f"waiting: {event['problem']}", wrong=True)

    def _say(self, text: str, wrong: bool) -> None:
        if wrong or not self._quiet:
            self.show(f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {in_one_line(text)}")

    def show(self, line: str) -> None:
        """Write a line on standard error."""
        say(line)


class Bars(Lines):
    """A bar for all runs and one for each worker; what went wrong is a line above them."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        super().__init__(plan, folder, quiet=True)
        self._steps = plan.steps
        self.bars = Progress(
            TextColumn("{task.description}", table_column=Column(overflow="fold"), markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, markup=False, highlight=False),
            refresh_per_second=4,
        )
        self._all = self.bars.add_task("runs", total=len(plan.runs), completed=self.ended)
        self._tasks: dict[int, TaskID] = {}

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            self.bars.remove_task(task)
        self.bars.stop()

    def hear(self, worker: int, event: Mapping[str, Any]) -> None:
        """Show it."""
        super().hear(worker, event)
        if worker not in self._tasks:
            self._tasks[worker] = self.bars.add_task("loading", total=self._steps)
        task, name = self._tasks[worker], in_one_line(event.get("run", "").rpartition("/")[2])
        if event["event"] == "step":
            self.bars.update(task, description=name, completed=event["step"])
        elif event["event"] == "ended":
            self.bars.update(task, completed=self._steps)
        if event["event"] in ("ended", "waits"):
            self.bars.update(self._all, completed=self.ended)
        if event["event"] in _IDLE:
            self.bars.update(task, description=_IDLE[event["event"]], completed=0)

    def show(self, line: str) -> None:
        """Write a line above the bars."""
        self.bars.console.print(line)
