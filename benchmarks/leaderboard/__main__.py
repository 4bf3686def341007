"""Compute the leaderboard: `python -m benchmarks.leaderboard`, continued where it stopped.

Records go to benchmarks/leaderboard/runs, or the folder in LEADERBOARD_RUNS. More processes may be started
on the same folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

from .costs import costs, measure_costs
from .findings import diagnose_row, diagnoses
from .protocol import Protocol
from .rows import Row, names
from .work import JOBS_OF_A_PROCESS, compute, with_one_thread

RUNS = Path(os.environ.get("LEADERBOARD_RUNS", Path(__file__).with_name("runs")))


def main() -> None:
    """Do what the command line asks for, less what is done."""
    parser = argparse.ArgumentParser("python -m benchmarks.leaderboard", description=__doc__)
    parser.add_argument(
        "--row", action="append", metavar="NAME", help=f"of {', '.join(names())}; default: all"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: one for each core")
    arguments = parser.parse_args()
    rows = arguments.row or names()
    compute(RUNS, rows, arguments.processes)
    apart(rows)


def apart(rows: Sequence[str]) -> None:
    """Diagnose, and measure costs: one after the other, when nothing else is running."""
    protocol = Protocol.read()
    reference = Row.read(protocol.reference)
    diagnosed, measured = diagnoses(RUNS, protocol.version), costs(RUNS, protocol.version)
    tasks = [partial(diagnose_row, protocol, Row.read(row), RUNS) for row in rows if row not in diagnosed]
    tasks += [
        partial(measure_costs, protocol, Row.read(row), reference, name, RUNS)
        for name in protocol.workloads
        for row in rows
        if (row, name) not in measured
    ]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1, spawn, initializer=with_one_thread, max_tasks_per_child=JOBS_OF_A_PROCESS
    ) as pool:
        for task in tasks:  # not all at once, with which Python 3.11 waits for ever when it renews a process
            pool.submit(task).result()


if __name__ == "__main__":
    main()
