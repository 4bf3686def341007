"""What processes send each other, as the loopback interface of a network of their own has counted it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.own_network import in_own_network, without_own_network
from support.project_paths import ROOT
from support.workers import Tasks, say
from support.workers import run as run_here

__all__ = ["bytes_per_step", "run", "sent", "without_own_network"]

_SENT = 8  # the column of /proc/net/dev


def run(target: str, tasks: Tasks, folder: Path, deadline: float = 120, **arguments: Any) -> list[Any]:
    """Do what `workers.run` does, in a network of its own, in which `bytes_per_step` can count."""
    asked = json.dumps([target, tasks, str(folder), deadline, arguments])
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        in_own_network([sys.executable, "-m", "support.traffic", asked]),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=deadline + 60,
    )
    assert done.returncode == 0, done.stderr
    results: list[Any] = json.loads(done.stdout)
    return results


def sent() -> int:
    """Return how many bytes all processes of this network have sent over loopback, headers included."""
    # Not from /sys, which shows the network of whoever mounted it.
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        interface, _, counters = line.partition(":")
        if interface.strip() == "lo":
            return int(counters.split()[_SENT])
    raise AssertionError("this network has no loopback interface")


def bytes_per_step(
    step: Callable[[], object], barrier: Callable[[], object], *, before: int = 3, counted: int = 5
) -> float:
    """Return how many bytes all processes together send in a step, after some `before` it.

    Every process of a run calls it alike, and `barrier` returns when all have called it; where one process
    drives all others, it waits for what they do. What the barriers themselves send is taken off.
    """
    readings = []
    for steps in (before, counted, 0):
        for _ in range(steps):
            step()
        barrier()  # all have done their steps
        readings.append(sent())
        barrier()  # and all have read before one goes on
    start, end, idle = readings
    return ((end - start) - (idle - end)) / counted


if __name__ == "__main__":
    name, tasks, folder, deadline, arguments = json.loads(sys.argv[1])
    say(json.dumps(run_here(name, tasks, Path(folder), deadline, **arguments)))
