"""What a study says of itself while trials are made: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import datetime as dt
import sys
from types import TracebackType
from typing import Self

from optuna.trial import FrozenTrial
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Column

from optiplug.errors import in_one_line
from optiplug_lab.words import say

from .records import TrialRecord
from .study import Study

__all__ = ["Bar", "Progress", "progress_of"]


class Progress:
    """A line on standard error for each trial that has ended; with `quiet` none."""

    def __init__(self, study: Study, *, quiet: bool) -> None:
        self._figure, self._trials, self._quiet = study.judging.figure, study.plan.trials, quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def ended(self, trial: TrialRecord, best: FrozenTrial | None) -> None:
        """Tell of a trial that has ended."""
        if not self._quiet:
            value = "" if trial.value is None else f" {self._figure.replace('_', ' ')} {trial.value:.5g}"
            problem = f": {trial.problem}" if trial.problem else ""
            mark = ", the best so far" if best is not None and best.number == trial.number else ""
            self.say(f"trial {trial.number} {trial.state}{value}{mark}{problem}")

    def say(self, text: str) -> None:
        """Write a line."""
        say(f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {in_one_line(text)}")


class Bar(Progress):
    """A bar of all trials with the best value, below the lines."""

    def __init__(self, study: Study, *, quiet: bool) -> None:
        super().__init__(study, quiet=quiet)
        self._bars = Bars(
            TextColumn("{task.description}", table_column=Column(overflow="fold"), markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, markup=False, highlight=False),
            refresh_per_second=4,
        )
        ended = sum(trial.state.is_finished() and "again" not in trial.user_attrs for trial in study.trials)
        self._bar = self._bars.add_task("trials", total=self._trials, completed=ended)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def ended(self, trial: TrialRecord, best: FrozenTrial | None) -> None:
        """Tell of it, and show the best value."""
        super().ended(trial, best)
        if trial.state not in ("lost", "interrupted"):
            self._bars.advance(self._bar)
        if best is not None:
            text = f"best {self._figure.replace('_', ' ')} {best.value:.5g}, trial {best.number}"
            self._bars.update(self._bar, description=in_one_line(text))

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._bars.console.print(in_one_line(text))


def progress_of(study: Study, *, quiet: bool) -> Progress:
    """Return what tells on standard error how a study goes."""
    return Bar(study, quiet=quiet) if sys.stderr.isatty() and not quiet else Progress(study, quiet=quiet)
