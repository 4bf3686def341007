"""Compute the leaderboard: `python -m benchmarks.leaderboard`, continued where it stopped.

Records go to benchmarks/leaderboard/runs, or the folder in LEADERBOARD_RUNS. More processes may be started
on the same folder.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

from .protocol import PROTOCOL
from .rows import ROWS, names
from .work import compute

RUNS = Path(os.environ.get("LEADERBOARD_RUNS", Path(__file__).with_name("runs")))


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.leaderboard", description=__doc__)
    parser.add_argument("--row", action="append", metavar="NAME", help=f"of {', '.join(names())}; default: all")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: one for each core")
    arguments = parser.parse_args()
    compute(RUNS, arguments.row or names(), arguments.processes, PROTOCOL, ROWS)


if __name__ == "__main__":
    main()
