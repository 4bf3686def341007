"""The processes that make trials on this machine: replaced when they are killed, and none left behind."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from optiplug import OptiplugError
from optiplug_lab.interruption import Interruption
from optiplug_lab.worker_process import RENEWED, WorkerProcess, gpu_of, threads

__all__ = ["Workers"]

_POLL = 0.1
_MOST_DEATHS = 5


class _Worker(WorkerProcess):
    def __init__(self, arguments: Sequence[str], place: int, logs: Path) -> None:
        # One thread, unless somebody says otherwise: they share the cores, and sums have one order.
        told = {name: os.environ.get(name, one) for name, one in threads(1).items()}
        log = logs / f"{place}.log"
        super().__init__(["-m", "optiplug_tune.worker", *arguments], log, {**told, **gpu_of(place)})
        self.place = place

    def end(self) -> None:
        """End it, and what it has started, at once: a study is the same whenever a process of it ends."""
        self.send(signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


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
        self._logs = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._logs.cleanup()

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
            self._workers += map(self._started, range(self._jobs))
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

    def _started(self, place: int) -> _Worker:
        return _Worker(self._arguments, place, Path(self._logs.name))

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
            self._workers.append(self._started(worker.place))
