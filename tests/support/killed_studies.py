"""Studies whose processes are killed; ``python -m support.killed_studies FOLDER`` says what was left."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["KilledStudy", "ended", "records"]

COMMAND = [sys.executable, "-m", "optiplug.cli", "tune"]
SPACE = """\
command: train
task: {use: digits, widths: [2, 4, 8]}
optimizer: {use: sgd, learning_rate: {search: log, low: 1.0e-3, high: 1.0}, jit_compile: false}
steps: 12
batch_size: 16
"""
PATIENCE = 280.0
COMPLETE, STATE = 1, 6


class KilledStudy:
    """A study by two commands with a process each, of which one after the other is killed and begun again."""

    def __init__(self, folder: Path, trials: int, kills: int, seed: int = 0) -> None:
        self.folder, self._trials, self._kills = folder / "study", trials, kills
        self._file, self._random = folder / "space.yaml", random.Random(seed)  # noqa: S311  # which process is killed
        self._file.write_text(SPACE)
        self.killed = Counter[str]()
        self.told: list[dict[str, Any]] = []
        self.known: set[int] = set()

    def run(self) -> None:
        """Make all trials; SIGKILL comes whenever the journal has grown by some records."""
        commands = [self._begun(), self._begun()]
        goal, deadline = 0, time.monotonic() + PATIENCE
        try:
            while any(each.poll() is None for each in commands) or self.killed.total() < self._kills:
                assert time.monotonic() < deadline, "the study did not end"
                time.sleep(0.02)
                if self.killed.total() < self._kills and len(records(self.folder)) >= goal:
                    self._kill(commands)
                    goal = len(records(self.folder)) + self._random.randint(1, 12)
                for place, command in enumerate(commands):
                    if command.poll() is not None and command.returncode:
                        self._heard(command)
                        commands[place] = self._begun()
            for command in commands:
                self._heard(command)
        finally:
            for pid in {*self.known, *(each.pid for each in commands)}:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _begun(self) -> subprocess.Popen[str]:
        options = ["--study", str(self.folder), "--trials", str(self._trials), "--jobs", "1", "--json"]
        judged = ["--figure", "accuracy", "--higher-is-better"]
        return subprocess.Popen(
            [*COMMAND, str(self._file), *options, *judged],
            env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _kill(self, commands: list[subprocess.Popen[str]]) -> None:
        alive = [each.pid for each in commands if each.poll() is None]
        workers = [child for pid in alive for child in children(pid)]
        self.known.update(workers)
        # A command every fourth time: most of what can go wrong is in its process.
        chosen = alive if self._random.random() < 0.25 else workers
        if not chosen:
            return
        with suppress(ProcessLookupError):
            os.kill(self._random.choice(sorted(chosen)), signal.SIGKILL)
            self.killed["command" if chosen is alive else "process"] += 1

    def _heard(self, command: subprocess.Popen[str]) -> None:
        out, _ = command.communicate()
        for line in out.splitlines():
            with suppress(ValueError):  # of a line that the kill has cut
                self.told.append(json.loads(line))

    @property
    def left(self) -> list[int]:
        """The processes of the study that have not ended."""
        return [pid for pid in self.known if Path(f"/proc/{pid}/cmdline").exists() and alive(pid)]


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def alive(pid: int) -> bool:
    """Whether a process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def records(folder: Path) -> list[dict[str, Any]]:
    """Return the whole records of a journal."""
    try:
        lines = (folder / "study.journal").read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def ended(folder: Path) -> Counter[int]:
    """Return how often each trial that came to its end is told to have."""
    return Counter(
        each["trial_id"] for each in records(folder) if each["op_code"] == STATE and each["state"] == COMPLETE
    )


def main(folder: str) -> None:
    """Kill ten times, and say what was left."""
    path = Path(folder)
    path.mkdir(parents=True)
    study, began = KilledStudy(path, trials=16, kills=10), time.monotonic()
    study.run()
    results = json.loads((study.folder / "results.json").read_text())
    states = Counter(each["state"] for each in results["trials"])
    counts = ended(study.folder)
    print(f"{dict(study.killed)} killed in {time.monotonic() - began:.0f} s; {dict(states)}")  # noqa: T201
    print(f"{len(counts)} trials came to their end, told {set(counts.values())} times each")  # noqa: T201
    print(f"processes left: {study.left}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
