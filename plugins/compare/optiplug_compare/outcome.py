"""What a run of a comparison leaves beside what every run does, and the record that is made of both."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from optiplug.checkpoint.files import read_whole, replace_file
from optiplug_lab.rows import read_metrics

from .plan import PlannedRun
from .records import Number, Points, RunRecord

__all__ = ["Moment", "Outcome", "Pace", "block_means", "course_of", "final_figures", "record_of"]

_OUTCOME, _PACE = "outcome.json", "pace.jsonl"
_LARGEST = 2**28


class Outcome(BaseModel):
    """How a run ended, and what its optimizer holds; there is none as long as it has not ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ended: Literal["done", "diverged", "failed"]
    problem: str = ""
    parameters: int = 0
    state_bytes: int = 0

    @classmethod
    def read(cls, folder: Path) -> Outcome | None:
        """Return that of the run in a folder; None if it has not ended, or what says so is damaged."""
        try:
            return cls.model_validate_json(read_whole(folder / _OUTCOME, _LARGEST))
        except (OSError, ValidationError):
            return None

    def write(self, folder: Path) -> None:
        """Leave it in the folder of a run."""
        replace_file(folder / _OUTCOME, self.model_dump_json() + "\n")

    @staticmethod
    def forget(folder: Path) -> None:
        """Let a run be one that has not ended."""
        (folder / _OUTCOME).unlink(missing_ok=True)


class Moment(BaseModel):
    """A step that was evaluated: the times of the steps since the one before, and the figures then.

    The first step of a process, which compiles, has no time. There are figures if they are those of averages,
    which metrics.csv has not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    figures: dict[str, Number] = {}
    seconds: tuple[float, ...] = ()


class Pace:
    """The moments of a run in its folder, a line each, in the order of their steps.

    Parameters
    ----------
    folder
        That of the run.
    step
        The step that the run goes on from: later moments will be there again, and are dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / _PACE
        kept = [each for each in _moments(folder) if each.step <= step]
        self.last = kept[-1].step if kept else -1
        replace_file(self._path, "".join(map(_line, kept)))

    def add(self, moment: Moment) -> None:
        """Add the next moment."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(moment))
        self.last = moment.step


def _line(moment: Moment) -> str:
    return moment.model_dump_json() + "\n"


def _moments(folder: Path) -> Iterator[Moment]:
    """Yield the moments that are whole."""
    with suppress(OSError):
        for line in read_whole(folder / _PACE, _LARGEST).splitlines():
            with suppress(ValidationError):
                yield Moment.model_validate_json(line)


def record_of(planned: PlannedRun, folder: Path) -> RunRecord:
    """Return what is known of a run of the comparison in `folder`."""
    path = folder / planned.folder
    outcome = Outcome.read(path)
    return RunRecord(
        seed=planned.seed,
        rate_factor=planned.rate_factor,
        folder=planned.folder,
        ended=outcome.ended if outcome else "running",
        problem=outcome.problem if outcome else "",
        final=final_figures(path) if outcome and outcome.ended == "done" else {},
        **course_of(path, planned.config["evaluate_every"]),
    )


def course_of(folder: Path, every: int) -> dict[str, Any]:
    """Return the fields of a record which tell how a run went that was evaluated after each `every` steps."""
    moments, course = list(_moments(folder)), dict[str, Any]()
    # A run that has just begun has none yet.
    with suppress(OSError, ValueError):
        columns = read_metrics(folder / "metrics.csv")
        averaged = {each.step: each.figures for each in moments if each.figures}
        course |= {"losses": block_means(columns["loss"], every)}
        course |= {"figures": _figures(columns, averaged)}
    times = [time for each in moments for time in each.seconds]
    if times:
        course |= {"seconds": sum(times), "ms_per_step": 1000 * statistics.median(times)}
    return course


def block_means(losses: Sequence[tuple[int, float]], every: int) -> Points:
    """Return the mean of each `every` losses, and of those that are left at the end.

    >>> block_means([(1, 4.0), (2, 2.0), (3, 1.0)], 2)
    ((2, 3.0), (3, 1.0))
    """
    blocks = [losses[begin : begin + every] for begin in range(0, len(losses), every)]
    return tuple((block[-1][0], math.fsum(value for _, value in block) / len(block)) for block in blocks)


def final_figures(folder: Path) -> dict[str, Any]:
    """Return the figures at the end of a run, None for what is no number."""
    final: dict[str, Any] = json.loads(read_whole(folder / "result.json", _LARGEST))["final"]
    return final


def _figures(
    columns: Mapping[str, Points | Sequence[tuple[int, float]]], averaged: Mapping[int, Mapping[str, float]]
) -> dict[str, Points]:
    """Return the held-out figures by step, those of averages where there are any."""
    return {
        name: tuple((step, averaged.get(step, {}).get(name, value)) for step, value in points)
        for column, points in columns.items()
        if (name := column.removeprefix("test_")) != column
    }
