"""What a comparison says while it goes: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from optiplug.errors import in_one_line
from optiplug_lab.words import say

from .plan import Plan

__all__ = ["Bars", "Lines", "progress_of"]

_IDLE = {"waits": "waiting for others", "died": "loading"}


def progress_of(plan: Plan, ended: int, *, quiet: bool) -> Bars | Lines:
    """Return who tells on standard error how a comparison goes of which so many runs have ended."""
    if sys.stderr.isatty() and not quiet:
        return Bars(plan, ended)
    return Lines(plan, ended, quiet=quiet)


class Lines:
    """A line for each run that has ended, and for what went wrong; with `quiet` for the latter only."""

    def __init__(self, plan: Plan, ended: int, *, quiet: bool = False) -> None:
        self._runs, self._ended, self._quiet = len(plan.runs), ended, quiet
        self._told: set[str] = set()

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
            self._ended += 1
            problem = f": {event['problem']}" if event["problem"] else ""
            self._say(f"{self._ended}/{self._runs} {run} {event['ended']}{problem}", event["ended"] != "done")
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

    def __init__(self, plan: Plan, ended: int) -> None:
        super().__init__(plan, ended, quiet=True)
        self._steps = plan.steps
        self._bars = Progress(
            TextColumn("{task.description}", table_column=Column(overflow="fold"), markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, markup=False, highlight=False),
            refresh_per_second=4,
        )
        self._all = self._bars.add_task("runs", total=len(plan.runs), completed=ended)
        self._tasks: dict[int, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._bars.stop()

    def hear(self, worker: int, event: Mapping[str, Any]) -> None:
        """Show it."""
        super().hear(worker, event)
        if worker not in self._tasks:
            self._tasks[worker] = self._bars.add_task("loading", total=self._steps)
        task, name = self._tasks[worker], in_one_line(event.get("run", "").rpartition("/")[2])
        if event["event"] == "step":
            self._bars.update(task, description=name, completed=event["step"])
        elif event["event"] == "ended":
            self._bars.advance(self._all)
            self._bars.update(task, completed=self._steps)
        elif event["event"] in _IDLE:
            self._bars.update(task, description=_IDLE[event["event"]], completed=0)

    def show(self, line: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(line)
