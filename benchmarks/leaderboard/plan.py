"""What is still to be run: jobs, each of a row on a workload, in the order in which they are wanted."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .protocol import Protocol
from .records import Records, Stage
from .rows import Row, Values
from .targets import best_values, freeze, frozen

__all__ = ["Job", "Plan", "Run"]


@dataclass(frozen=True)
class Run:
    """A run that the protocol asks for; its fields are those of its record."""

    stage: Stage
    study: int
    trial: int
    seed: int
    values: Values
    steps: int


@dataclass(frozen=True)
class Job:
    """Runs of a row on a workload that share a compiled step; `stage` is search, repeat or tuned."""

    row: str
    workload: str
    stage: Stage


class Plan:
    """The jobs of some rows, by the protocol and by what the records have.

    On each workload the baselines come first, since the other runs end where they reach a target.
    """

    def __init__(self, protocol: Protocol, records: Records, rows: Sequence[Row]) -> None:
        self.protocol, self.records = protocol, records
        self.rows = {row.name: row for row in rows}
        # Asked for again and again, and the sequence takes a while.
        self._points = functools.cache(lambda name, count, seed: self.rows[name].points(count, seed))

    def jobs(self) -> list[Job]:
        """Return the jobs of which something is left, those that can begin only later among them."""
        held = frozen(self.protocol, self.records.folder)
        jobs = []
        for name in self.protocol.workloads:
            stages = () if name in held else _SETTING
            jobs += [Job(row, name, stage) for stage in stages for row in self.protocol.targets.rows]
            jobs += [Job(row, name, "tuned") for row in self.rows]
        return [job for job in jobs if job.stage != "tuned" or next(self.left(job), None)]

    def left(self, job: Job) -> Iterator[Run]:
        """Yield the runs of a job that have no record yet."""
        done, digest = self.records.of(job.row), self.rows[job.row].digest
        for run in self.runs(job):
            record = done.get((job.workload, run.stage, run.study, run.trial))
            if record is None:
                yield run
            elif record.digest != digest:
                where = self.records.folder / f"{job.row}.jsonl"
                raise ValueError(f"{job.row} is not what it was when {where} was written: remove that file")

    def is_ready(self, job: Job) -> bool:
        """Whether what the job needs is there."""
        if job.stage == "search":
            return True
        if job.stage == "repeat":
            return self._best(job) is not None
        return job.workload in freeze(self.protocol, self.records)

    def runs(self, job: Job) -> list[Run]:
        """Return all runs of a job."""
        protocol, row = self.protocol, self.rows[job.row]
        workload, rules = protocol.workloads[job.workload], protocol.targets
        if job.stage == "search":
            points = self._points(row.name, rules.trials, rules.seed)
            steps = workload.part(rules.share)
            return [Run("search", 0, trial, rules.seed, each, steps) for trial, each in enumerate(points)]
        if job.stage == "repeat":
            best, steps = self._best(job), workload.part(rules.share)
            return [Run("repeat", 0, n, seed, best or {}, steps) for n, seed in enumerate(rules.repeats)]
        tuned = [
            Run("tuned", study, trial, seed, values, workload.steps)
            for study, seed in enumerate(protocol.tuned.seeds)
            for trial, values in enumerate(self._points(row.name, protocol.tuned.trials, seed))
        ]
        steps, default = workload.part(protocol.fixed.share), row.space.default
        seeds = enumerate(protocol.fixed.seeds)
        return tuned + [Run("fixed", 0, number, seed, default, steps) for number, seed in seeds]

    def _best(self, job: Job) -> Values | None:
        workload = self.protocol.workloads[job.workload]
        return best_values(workload, self.records.of(job.row), self.protocol.targets.trials, job.workload)


_SETTING: tuple[Stage, ...] = ("search", "repeat")
