"""What a run says of itself: a bar or lines while it goes, a table when it has ended, JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from optiplug.errors import in_one_line

from .folder import RunFolder
from .summary import Summary

__all__ = ["Bar", "Lines", "Report", "show_summary"]

_SHORT = {"learning_rate": "rate", "gradient_norm": "norm"}
_EVERY = 10.0


class Report:
    """Tells people on stderr and at the end on stdout, or programs on stdout, how a run goes.

    Parameters
    ----------
    folder, steps
        Where the run is and how many steps it has in all.
    stdout
        What data are written to.
    as_json
        Write an object in a line of stdout for the start, each progress and the end.
    quiet
        Show neither progress nor summary.

    Raises
    ------
    OSError
        When it is left without another error, if standard output failed: that does not end a run.
    """

    def __init__(
        self, folder: RunFolder, steps: int, *, stdout: TextIO, as_json: bool = False, quiet: bool = False
    ) -> None:
        self._folder, self._steps, self._stdout = folder, steps, stdout
        self._as_json, self._quiet = as_json, quiet
        self._unheard: OSError | None = None
        shown = Bar if sys.stderr.isatty() else Lines
        name = in_one_line(folder.path.absolute().name)
        self._progress = None if quiet else shown(name, steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if error is None and self._unheard is not None:
            raise self._unheard

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def start(self, step: int, devices: Sequence[str]) -> None:
        """Say that a run begins, or goes on after so many steps."""
        if self._progress is not None:
            self._progress.start(step)
        self._print(event="started", step=step, devices=list(devices), steps=self._steps)

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Say how it goes."""
        if self._progress is not None:
            self._progress.update(step, figures)
        known = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        self._print(event="progress", step=step, **known)

    def interrupt(self, step: int) -> None:
        """Say how to go on with a run that was interrupted."""
        self._stop()
        self._print(event="interrupted", step=step)
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(
            in_one_line(f"Saved after {step} steps. {self._folder.way_on()}")
        )

    def end(self, summary: Summary) -> None:
        """Say how it ended."""
        self._stop()
        self._print(event="ended", **summary.as_json())
        if not self._as_json and not self._quiet:
            show_summary(summary, self._folder, Console(file=self._stdout, markup=False, highlight=False))

    def _print(self, **event: object) -> None:
        if self._as_json:
            line = json.dumps({**event, "run": str(self._folder.path)}, allow_nan=False)
            try:
                print(line, file=self._stdout, flush=True)
            except OSError as error:
                self._unheard = self._unheard or error


class Bar:
    """A progress bar on a terminal, and below it the figures, which a narrow one folds."""

    def __init__(self, name: str, steps: int) -> None:
        self._progress = _WithFigures(
            TextColumn("{task.description}", table_column=Column(overflow="fold"), markup=False),
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self._bar = self._progress.add_task(name, total=steps, figures=["loading"])
        self._progress.start()

    def start(self, step: int) -> None:
        """Begin after so many steps."""
        self._progress.update(self._bar, completed=step, figures=["compiling"])

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Show the figures of a step."""
        speed = self._progress.tasks[0].speed
        self._progress.update(self._bar, completed=step, figures=_shown(figures, speed))

    def stop(self) -> None:
        """Leave the last state on the screen."""
        self._progress.stop()


class Lines:
    """A line on stderr with date and time, where that is no terminal; at most one in ten seconds."""

    def __init__(self, name: str, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._steps, self._clock = name, steps, clock
        self._say("loading")

    def start(self, step: int) -> None:
        """Begin after so many steps."""
        self._step, self._said = step, self._clock()
        self._say(f"{step}/{self._steps} compiling")

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Write a line, if it is time for one or this is the end."""
        now = self._clock()
        if now - self._said >= _EVERY or step == self._steps:
            speed = (step - self._step) / max(now - self._said, 1e-9)
            self._step, self._said = step, now
            self._say("  ".join([f"{step}/{self._steps}", *_shown(figures, speed)]))

    def stop(self) -> None:
        """End; nothing is left to say."""

    def _say(self, text: str) -> None:
        now = dt.datetime.now().astimezone()
        print(f"{now:%Y-%m-%d %H:%M:%S} {self._name} {text}", file=sys.stderr, flush=True)  # noqa: T201


class _WithFigures(Progress):
    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text("\n".join(_folded(task.fields["figures"], self.console.width)), overflow="fold")


def _folded(texts: Sequence[str], width: int) -> list[str]:
    """Return lines of texts, each of which stays together."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 2 + len(text) < width:
            lines[-1] += f"  {text}"
        else:
            lines.append(f"  {text}")
    return lines


def _shown(figures: Mapping[str, float], speed: float | None) -> list[str]:
    """Return figures in a few characters: ``loss 0.31``, ``rate 0.1``, ``test accuracy 0.98``."""
    texts = []
    for name, value in figures.items():
        first, slash, rest = name.partition("/")
        title = in_one_line(f"{_SHORT.get(first, first)}{slash}{rest}").replace("_", " ")
        texts.append(f"{title} {value:.3g}" if name.startswith("test_") else f"{title} {value:.2g}")
    return texts if speed is None else [*texts, f"{speed:.3g} steps/s"]


def show_summary(summary: Summary, folder: RunFolder, console: Console) -> None:
    """Print the closing table."""
    table = Table(title=f"{summary.steps} steps", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in summary.final.items():
        title = in_one_line(name).replace("_", " ")
        trained = summary.trained[name]
        note = "" if trained == value else f"  (before finalising: {trained:.4f})"
        table.add_row(f"held-out {title}", f"{value:.4f}{note}")
    if summary.steps_per_second is not None:
        table.add_row("speed", f"{summary.steps_per_second:.1f} steps/s after the first")
    table.add_row("time", f"{summary.seconds:.1f} s of training")
    table.add_row("devices", ", ".join(summary.devices))
    table.add_row("run", in_one_line(str(folder.path)))
    console.print(table)
