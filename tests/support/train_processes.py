"""`optiplug train` in several processes, watched from outside, and none of them left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from support.forks import Fork, command
from support.workers import free_ports

__all__ = ["LOST", "PATIENCE", "Training", "cluster", "config", "finished", "newest", "saved", "until"]

COMMAND = [sys.executable, "-m", "optiplug.cli"]
# One thread for operations in each, as they share the cores of the tests.
QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_NUM_INTEROP_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "1"}
LOST = 30.0
"""Seconds within which the loss of a worker has to end the others."""
PATIENCE = 240.0
CONFIG = """\
command: train
task: {{use: chars, text: {text}, context: 4, hidden: 8}}
optimizer:
  use: adamw
  learning_rate: {{use: cosine, initial_learning_rate: 1.0e-2, decay_steps: 400}}
  global_clipnorm: 1.0
  use_ema: true
  jit_compile: false
  processors: [{{use: accumulate, steps: 3}}, {{use: add_noise, eta: 0.01}}]
steps: {steps}
batch_size: 16
seed: 3
log_every: 2
evaluate_every: 50
checkpoint_every: 2
strategy: multi_worker
"""
TEXT = "the quick brown fox jumps over the lazy dog, and nothing is lost. " * 12


def config(root: Path, steps: int = 8, name: str = "run.yaml") -> Path:
    """Write a config, and the text that it names; return its path."""
    (root / "text.txt").write_text(TEXT)
    (root / name).write_text(CONFIG.format(text=root / "text.txt", steps=steps))
    return root / name


def until(condition, what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition, and fail the test where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(0.02)


def newest(run: Path) -> int:
    """Return the last step that a run has saved; -1 if there is none."""
    return max((int(path.name.partition("-")[2]) for path in run.glob("checkpoints/step-*")), default=-1)


def saved(run: Path, count: int, *forks: Fork) -> None:
    """Wait until so many steps are saved, and fail the test where one of these has ended before."""
    until(lambda: newest(run) >= count or any(fork.returncode is not None for fork in forks), f"step {count}")
    assert [fork.stderr for fork in forks if fork.returncode is not None] == []


@contextmanager
def cluster(folder: Path, *workers: Sequence[object]) -> Iterator[list[Fork]]:
    """Be the command with these arguments of each worker, which TF_CONFIG tells of the others.

    They are forks, of which each costs a fraction of a worker that `--local-workers` starts.
    """
    addresses = [f"127.0.0.1:{port}" for port in free_ports(len(workers))]
    forks = []
    try:
        for place, arguments in enumerate(workers):
            task = {"type": "worker", "index": place}
            told = json.dumps({"cluster": {"worker": addresses}, "task": task})
            environment = {**QUIET, "TF_CONFIG": told}
            forks.append(
                command("train", *arguments, folder=folder / f"worker-{place}", environment=environment)
            )
        yield forks
    finally:
        for fork in forks:
            with suppress(ProcessLookupError):
                fork.send(signal.SIGKILL)
            fork.wait()


def finished(folder: Path, *arguments: object, workers: int = 2) -> None:
    """Train to the end in a cluster whose workers all have these arguments."""
    with cluster(folder, *[arguments] * workers) as forks:
        for fork in forks:
            assert fork.wait(PATIENCE)
            assert fork.returncode == 0, fork.stderr


class Training:
    """The command with these arguments, and what it has started; all of it ends with a ``with`` block."""

    command = "train"

    def __init__(self, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        self._arguments = [*COMMAND, self.command, *map(str, arguments)]
        self._environment = {**os.environ, **QUIET, **(environment or {})}
        self._environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._arguments,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.known: set[int] = set()
        return self

    def __exit__(self, *_: object) -> None:
        left = {self.process.pid, *self.known, *self.children()}
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def workers(self) -> dict[int, int]:
        """Return the process of each worker by its place."""
        found = {}
        for pid in self.children():
            with suppress(OSError, StopIteration):
                variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
                told = next(each for each in variables if each.startswith("TF_CONFIG="))
                found[json.loads(told.partition("=")[2])["task"]["index"]] = pid
        self.known |= {*found.values()}
        return found

    def children(self) -> list[int]:
        """Return the processes that it has started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def steps(self, run: Path, count: int) -> dict[int, int]:
        """Wait until so many steps are saved, and return the workers."""

        def saved() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            return newest(run) >= count

        until(saved, f"step {count}")
        return self.workers()

    def end(self, seconds: float = PATIENCE) -> tuple[int, str, str]:
        """Wait for the end, and return the exit code and what was said on standard output and error."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def gone(self) -> None:
        """Fail where a worker is left that was seen."""
        until(lambda: not any(map(_alive, self.known)), "the end of all workers", LOST)


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
