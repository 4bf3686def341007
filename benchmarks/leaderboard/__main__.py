"""Compute the leaderboard: `python -m benchmarks.leaderboard`, continued where it stopped.

Records go to benchmarks/leaderboard/runs, or the folder in LEADERBOARD_RUNS. More processes may be started
on the same folder.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

from .costs import costs, measure_costs
from .findings import diagnose_row, diagnoses
from .protocol import Protocol
from .rows import Row, names
from .work import compute

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
    """Diagnose, and measure costs, when nothing else is running."""
    protocol = Protocol.read()
    reference = Row.read(protocol.reference)
    for row in rows:
        if row not in diagnoses(RUNS, protocol.version):
            diagnose_row(protocol, Row.read(row), RUNS)
    for name in protocol.workloads:
        for row in rows:
            if (row, name) not in costs(RUNS, protocol.version):
                measure_costs(protocol, Row.read(row), reference, name, RUNS)


if __name__ == "__main__":
    main()
