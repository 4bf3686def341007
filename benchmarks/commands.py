"""Time the commands that never import TensorFlow: `python benchmarks/commands.py`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

OPTIPLUG = Path(sys.executable).with_name("optiplug")
EXAMPLE = Path(__file__).parents[1] / "examples" / "digits.yaml"
COMMANDS = [["list"], ["show", "sgd"], ["check", str(EXAMPLE)], ["schema"], ["--help"]]
ROUNDS = 10


def seconds(command: list[str]) -> float:
    """Return how long one run of a command takes, from outside."""
    start = time.perf_counter()
    subprocess.run([OPTIPLUG, *command], check=True, capture_output=True)  # noqa: S603  # our own command
    return time.perf_counter() - start


def main() -> None:
    """Print the median of each command, after a first run that leaves bytecode behind."""
    for command in COMMANDS:
        seconds(command)
        median = statistics.median(seconds(command) for _ in range(ROUNDS))
        print(f"optiplug {command[0]:<8} {median:.2f} s")


if __name__ == "__main__":
    main()
