"""Boards of runs that nobody has made, to look at what scores and pages make of them; and who makes some."""

from __future__ import annotations

import json

from benchmarks.leaderboard.protocol import Protocol
from benchmarks.leaderboard.records import Record, Records
from benchmarks.leaderboard.score import board
from benchmarks.leaderboard.work import with_one_thread, work

__all__ = ["PROTOCOL", "WORKLOADS", "added", "ran", "worker"]

PROTOCOL = Protocol.read()
WORKLOADS = list(PROTOCOL.workloads)


def added(records, row, key, steps):
    """Add a run that reached 0 after so many steps, and 1 before."""
    workload, stage, study, trial = key
    curve = tuple(1.0 for _ in range(0, min(steps, 600), 10)) + ((0.0,) if steps <= 600 else ())
    if PROTOCOL.workloads[workload].higher_is_better:
        curve = tuple(1.0 - each for each in curve)
    records.add(
        Record(
            protocol=PROTOCOL.version,
            row=row,
            digest="",
            workload=workload,
            stage=stage,
            study=study,
            trial=trial,
            seed=0,
            values={},
            steps=600,
            ended="budget",
            curve=curve,
            seconds=1.0,
        )
    )


def fixed_targets(folder):
    targets = {
        name: {
            "value": float(each.higher_is_better),
            "medians": dict.fromkeys(PROTOCOL.targets.rows, 0.5),
            "settings": {},
        }
        for name, each in PROTOCOL.workloads.items()
    }
    folder.mkdir(exist_ok=True)
    (folder / "targets.json").write_text(json.dumps({"protocol": PROTOCOL.version, "targets": targets}))


def ran(folder, steps_of):
    """Return the board of rows whose trial of a study takes `steps_of[row](workload, study)` steps."""
    fixed_targets(folder)
    records = Records(folder, PROTOCOL.version)
    for row, steps in steps_of.items():
        for workload in WORKLOADS:
            for study in range(3):
                for trial in range(5):
                    added(
                        records, row, (workload, "tuned", study, trial), steps(workload, study) + 100 * trial
                    )
    return board(PROTOCOL, folder, list(steps_of))


def worker(*arguments):
    """Be one of the processes of `compute`, until nothing is left."""
    with_one_thread()
    work(*arguments)
