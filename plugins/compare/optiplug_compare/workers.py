"""The worker processes of a comparison on this machine: replaced when they die, and none left behind."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from optiplug import OptiplugError
from optiplug.checkpoint import Claim
from optiplug.errors import ClaimedError
from optiplug_lab.interruption import Interruption
from optiplug_lab.worker_process import PATIENCE, RENEWED, WorkerProcess, gpu_of, threads

from .outcome import Outcome
from .plan import Plan

__all__ = ["Hearer", "Workers", "cores"]

_POLL = 0.1
_MOST_DEATHS = 3


class Hearer(Protocol):
    """Who is told how a comparison goes."""

    def hear(self, worker: int, event: Mapping[str, Any]) -> None:
        """Hear an event of a worker: `step` or `ended` of a run, `waits` or `died`."""
        ...


class _Worker(WorkerProcess):
    """A worker and the run that it is at; it tells its events in lines of standard output."""

    def __init__(self, number: int, folder: Path, threads_each: int) -> None:
        # Other machines may work in this folder, too.
        log = folder / "workers" / f"{platform.node()}-{number}.log"
        log.parent.mkdir(exist_ok=True)
        command = ["-m", "optiplug_compare.worker", str(folder)]
        super().__init__(command, log, {**threads(threads_each), **gpu_of(number)}, stdout="pipe")
        self.number, self.run = number, ""
        self.listener: threading.Thread | None = None


class Workers:
    """Processes that do the runs of a comparison; they end with a ``with`` block, or with this process.

    Parameters
    ----------
    folder, plan
        The comparison.
    jobs
        How many there are.
    hearer
        Who is told how it goes.
    """

    def __init__(self, folder: Path, plan: Plan, jobs: int, hearer: Hearer) -> None:
        self._folder, self._plan, self._hearer = folder, plan, hearer
        self._jobs = range(jobs)
        self._workers: dict[int, _Worker] = {}
        self._events: queue.SimpleQueue[tuple[_Worker, Mapping[str, Any]]] = queue.SimpleQueue()
        self._deaths: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.send(signal.SIGKILL)
        for worker in self._workers.values():
            worker.process.wait()

    def work(self) -> None:
        """Return when all runs have ended.

        Raises
        ------
        KeyboardInterrupt
            If a signal asks for the end; all that was done is saved.
        OptiplugError
            If workers end before they can do anything.
        """
        with Interruption() as interruption:
            for number in self._jobs:
                self._start(number)
            while self._workers and not interruption.requested:
                self._hear()
                self._look()
            if interruption.requested:
                self._end(interruption.requested)
                raise KeyboardInterrupt(interruption.requested)

    def _start(self, number: int) -> None:
        worker = self._workers[number] = _Worker(number, self._folder, self._plan.threads)
        worker.listener = threading.Thread(target=self._listen, args=(worker,), daemon=True)
        worker.listener.start()

    def _listen(self, worker: _Worker) -> None:
        for line in worker.process.stdout or ():
            with contextlib.suppress(ValueError):  # of a line that a kill has cut in two
                self._events.put((worker, json.loads(line)))

    def _hear(self) -> None:
        """Hand on what was said; wait a moment for it."""
        with contextlib.suppress(queue.Empty):
            worker, event = self._events.get(timeout=_POLL)
            while True:
                worker.run = event["run"] if event["event"] == "step" else ""
                self._hearer.hear(worker.number, event)
                worker, event = self._events.get_nowait()

    def _look(self) -> None:
        """Take in which have ended, and put others in their place."""
        for number, worker in list(self._workers.items()):
            code = worker.process.poll()
            if code is None:
                continue
            worker.send(signal.SIGKILL)  # what it has started
            if worker.listener is not None:
                worker.listener.join()
            self._hear()
            del self._workers[number]
            if code not in (0, RENEWED):
                self._buried(worker, code)
            if code and any(Outcome.read(self._folder / each.folder) is None for each in self._plan.runs):
                self._start(number)

    def _buried(self, worker: _Worker, code: int) -> None:
        """Count the death of a worker; a run that has seen too many has failed."""
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._tell(worker, event="died", problem=f"its process {how}")
        self._deaths[worker.run] += 1
        if self._deaths[worker.run] < _MOST_DEATHS:
            return
        if not worker.run:
            rule = f"workers end before they can do anything: the last one {how}{worker.last_words()}"
            raise OptiplugError(rule, where=str(worker.log))
        path = self._folder / worker.run
        # Who has it now goes on with it.
        with contextlib.suppress(ClaimedError), Claim(path, say=_unheard):
            if Outcome.read(path) is None:
                problem = f"its process {how}, the last of {_MOST_DEATHS} that did not end as they should"
                Outcome(ended="failed", problem=problem).write(path)
                self._tell(worker, event="ended", ended="failed", problem=problem)

    def _tell(self, worker: _Worker, **event: str) -> None:
        self._hearer.hear(worker.number, {**event, "run": worker.run})

    def _end(self, number: signal.Signals) -> None:
        """Let all save and end."""
        for worker in self._workers.values():
            worker.send(number)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and any(
            each.process.poll() is None for each in self._workers.values()
        ):
            self._hear()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _unheard(text: str) -> None:
    pass
