"""The processes that make trials on this machine: replaced when they are killed, and none left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self

from optiplug import OptiplugError
from optiplug.errors import in_one_line
from optiplug_lab.interruption import Interruption

from .worker import RENEWED

__all__ = ["Workers"]

_POLL = 0.1
_MOST_DEATHS = 5
_LAST_LINES = 5
# A thread for each process, unless somebody says otherwise: they share the cores, and sums have one order.
_THREADS = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")


class _Worker:
    def __init__(self, arguments: Sequence[str], place: int) -> None:
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        self.place = place
        self.process = subprocess.Popen(  # noqa: S603  # this program
            [sys.executable, "-m", "optiplug_tune.worker", *arguments],
            env={"TF_CPP_MIN_LOG_LEVEL": "3", **_THREADS, **os.environ, **_gpu(place)},
            # Ends with this process, however that ends.
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
            # Ctrl-C in a terminal is for this process.
            process_group=0,
        )

    def end(self) -> None:
        """End it, and what it has started, at once: a study is the same whenever a process of it ends."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.log.close()

    def last_words(self) -> str:
        """Return the last lines that it has said."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "".join(f"\n  {in_one_line(line)}" for line in lines)


class Workers:
    """Processes that make trials; they end with a ``with`` block, or with this process.

    Parameters
    ----------
    arguments
        What each is told.
    jobs
        How many there are.
    say
        Hears of those that were killed.
    """

    def __init__(self, arguments: Sequence[str], jobs: int, say: Callable[[str], None]) -> None:
        self._arguments, self._jobs, self._say = arguments, jobs, say
        self._workers: list[_Worker] = []
        self._deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def work(self, look: Callable[[], bool]) -> None:
        """Return when all have ended by themselves, having called `look` often: it says whether trials ended.

        Raises
        ------
        KeyboardInterrupt
            If a signal asks for the end; the processes have ended by then.
        OptiplugError
            If one ends with an error, or if they are killed again and again before any trial ends.
        """
        with Interruption() as interruption:
            self._workers += [_Worker(self._arguments, place) for place in range(self._jobs)]
            while self._workers and not interruption.requested:
                time.sleep(_POLL)
                if look():
                    self._deaths = 0
                for worker in list(self._workers):
                    self._take_in(worker)
            look()
            if interruption.requested:
                for worker in self._workers:
                    worker.end()
                raise KeyboardInterrupt(interruption.requested)

    def _take_in(self, worker: _Worker) -> None:
        """Take in whether a worker has ended, and put another in its place if it did not want to."""
        code = worker.process.poll()
        if code is None:
            return
        words = worker.last_words()
        worker.end()
        self._workers.remove(worker)
        if code < 0:
            name = signal.Signals(-code).name
            self._deaths += 1
            if self._deaths >= _MOST_DEATHS:
                rule = (
                    f"{self._deaths} processes were killed before any trial ended, the last by {name}{words}"
                )
                raise OptiplugError(rule, where="optiplug tune")
            self._say(f"A process was ended by {name}: another one goes on.")
        elif code not in (0, RENEWED):
            raise OptiplugError(f"a process ended with exit code {code}{words}", where="optiplug tune")
        if code:
            self._workers.append(_Worker(self._arguments, worker.place))


def _gpu(place: int) -> dict[str, str]:
    """Return which GPU a worker sees, and that it takes no more of its memory than it needs."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = Path("/proc/driver/nvidia/gpus")
    names = told.split(",") if told else []
    if told is None and found.is_dir():
        names = [str(number) for number, _ in enumerate(found.iterdir())]
    shown = {"CUDA_VISIBLE_DEVICES": names[place % len(names)]} if names else {}
    return {**shown, "TF_FORCE_GPU_ALLOW_GROWTH": os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true")}
