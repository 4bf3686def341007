"""The records of runs, a file for each row: what is done stays, whatever ends a process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from .lines import add_line, lines_of
from .protocol import Workload

__all__ = ["Ended", "Record", "Records", "Stage", "rounded"]

Stage = Literal["search", "repeat", "tuned", "fixed"]
Ended = Literal["budget", "target", "diverged", "failed"]

# JSON has no NaN.
Number = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(lambda value: value if math.isfinite(value) else None),
]


def rounded(value: float) -> float:
    """Return a figure with six digits, as runs are judged by and as records have it."""
    return float(f"{value:.6g}")


class Record(BaseModel):
    """A run of a row whose file had this digest.

    `curve` has the figure at the start and at each evaluation, up to where the run ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: int
    row: str
    digest: str
    workload: str
    stage: Stage
    study: int
    trial: int
    seed: int
    values: dict[str, Any]
    steps: int
    ended: Ended
    curve: tuple[Number, ...]
    seconds: float
    problem: str = ""

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells the runs of a row from each other."""
        return self.workload, self.stage, self.study, self.trial

    def best(self, workload: Workload) -> float:
        """Return the best value of the curve; NaN if there is none."""
        found = math.nan
        for value in self.curve:
            if math.isnan(found) or workload.better(value, found):
                found = value
        return found

    def steps_to(self, workload: Workload, target: float) -> float:
        """Return the step of the first evaluation that reached the target; infinity for none."""
        every = workload.evaluate_every
        hits = (step * every for step, value in enumerate(self.curve) if workload.reached(value, target))
        return next(hits, math.inf)


class Records:
    """The files of a folder, which several processes add to."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder, self.version = folder, version

    def of(self, row: str) -> Mapping[tuple[str, str, int, int], Record]:
        """Return the records of a row under this version of the protocol, by their keys."""
        records = (Record.model_validate(plain) for plain in lines_of(self._path(row)))
        found: dict[tuple[str, str, int, int], Record] = {}
        for record in records:
            if record.protocol == self.version:
                found.setdefault(record.key, record)
        return found

    def add(self, record: Record) -> None:
        """Add a record at the end of the file of its row."""
        add_line(self._path(record.row), record.model_dump_json(exclude_defaults=True))

    def _path(self, row: str) -> Path:
        return self.folder / f"{row}.jsonl"
