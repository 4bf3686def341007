"""The workers of a run on this machine: started together, ended together, and none left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from .cluster import VARIABLE, Cluster
from .folder import RunFolder
from .interruption import Interruption
from .worker_process import PATIENCE, WorkerProcess, gpus

__all__ = ["free_addresses", "train_on_workers"]

_POLL = 0.05
# For what a worker has to say when another one is gone.
_LEFT = 12.0
_ASKED = {0, *(128 + number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))}


class _Worker(WorkerProcess):
    """A worker of a run, and how it ended: its exit code, negative if a signal ended it."""

    def __init__(self, index: int, cluster: Cluster, log: Path, arguments: Sequence[str]) -> None:
        environment = {VARIABLE: cluster.text_of(index), **_gpus(index, len(cluster))}
        command = ["-m", "optiplug.cli", "train", *arguments]
        super().__init__(command, log, environment, stdout="log" if index else "same")
        self.index = index
        self.code: int | None = None
        self.stopped, self.ended = False, 0.0

    def look(self) -> None:
        """Take in whether it has ended or is stopped."""
        if self.code is None:
            # A child that is stopped is not waited for, only looked at.
            with contextlib.suppress(ChildProcessError):
                state = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
                self.stopped = state is not None
            self.code, self.ended = self.process.poll(), time.monotonic()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.code is None:
            super().send(number)


def train_on_workers(folder: RunFolder, cluster: Cluster, arguments: Sequence[str]) -> None:
    """Run `optiplug train` with these arguments as each worker of a cluster, and wait for all of them.

    What the chief says is shown; in the folder there is a log for each. A signal is handed on to all. Where
    one ends with an error, the others are given time to say so, and are ended then.

    Raises
    ------
    SystemExit
        If one ended with an error, which was shown.
    KeyboardInterrupt
        If they were interrupted; the run can be resumed.
    """
    folder.logs.mkdir(exist_ok=True)
    workers: list[_Worker] = []
    with Interruption() as interruption, contextlib.ExitStack() as stack:
        stack.callback(folder.forget_unbegun)
        stack.callback(_end, workers)
        workers.extend(_start(index, cluster, folder, arguments) for index in range(len(cluster)))
        shown = stack.enter_context(workers[0].log.open("rb"))
        shown.seek(workers[0].begin)
        _wait(workers, interruption, shown)
        _end(workers)
        _show(shown)
        _conclude(workers, folder, interruption)


def _start(index: int, cluster: Cluster, folder: RunFolder, arguments: Sequence[str]) -> _Worker:
    told = arguments if index == 0 else [*(each for each in arguments if each != "--json"), "--quiet"]
    return _Worker(index, cluster, folder.logs / f"worker-{index}.log", told)


def _show(source: IO[bytes]) -> None:
    """Write on standard error what the chief has said since."""
    if text := source.read():
        with contextlib.suppress(OSError):  # a terminal that is closed
            sys.stderr.buffer.write(text)
            sys.stderr.flush()


def _wait(workers: Sequence[_Worker], interruption: Interruption, shown: IO[bytes]) -> None:
    """Wait until all have ended, or until those that are left have had time enough."""
    handed, deadline = False, float("inf")
    while any(worker.code is None for worker in workers) and time.monotonic() < deadline:
        time.sleep(_POLL)
        _show(shown)
        for worker in workers:
            worker.look()
        if interruption.requested and not handed:
            handed, deadline = True, time.monotonic() + PATIENCE
            for worker in workers:
                worker.send(interruption.requested)
        codes = [worker.code for worker in workers if worker.code]
        if codes and not handed:
            patience = PATIENCE if set(codes) <= _ASKED else _LEFT
            deadline = min(worker.ended for worker in workers if worker.code) + patience


def _end(workers: Sequence[_Worker]) -> None:
    """End what is left, and what that has started."""
    for worker in workers:
        worker.send(signal.SIGKILL)
    for worker in workers:
        worker.process.wait()


def _conclude(workers: Sequence[_Worker], folder: RunFolder, interruption: Interruption) -> None:
    """Say why they have ended, unless all is well."""
    codes = {worker.code for worker in workers}
    if codes == {0}:
        return
    requested = interruption.requested
    if codes <= {*_ASKED, requested and -requested}:
        # Some may have taken all steps by then.
        heard = requested or signal.Signals(max(code or 0 for code in codes) - 128)
        raise KeyboardInterrupt(heard)
    cause = min(workers, key=_rank)
    # What all are refused for, the chief says.
    if cause.code == workers[0].code and cause.code not in (None, 1):
        cause = workers[0]
    if cause.index or cause.code is None or cause.code < 0:
        told = f"worker {cause.index} {_event(cause)}, so the run has ended."
        last = f"{cause.last_words()}\n  " if cause.index else ""
        folder.say(" ".join(filter(None, [told + last, _way_on(folder)])))
    known = cause.code is not None and cause.code > 0
    raise SystemExit(128 + requested if requested else cause.code if known else 1)


def _rank(worker: _Worker) -> tuple[int, float]:
    """Return what tells the one that ended first: others end because of it, and at almost the same time."""
    if worker.code is not None and worker.code < 0:
        return 0, worker.ended
    if worker.stopped:
        return 1, worker.ended
    if worker.code is None:
        return 4, 0.0
    return (5 if worker.code in _ASKED else 2 if worker.code > 1 else 3), worker.ended


def _event(worker: _Worker) -> str:
    if worker.code is not None and worker.code < 0:
        return f"was ended by {signal.Signals(-worker.code).name}"
    if worker.stopped:
        return "was stopped"
    return "did not answer" if worker.code is None else f"ended with exit code {worker.code}"


def _way_on(folder: RunFolder) -> str:
    return folder.way_on("from the last saved step") if folder.config.exists() else ""


def _gpus(index: int, workers: int) -> Mapping[str, str]:
    """Return which GPUs a worker sees: an equal part of those that there are, else none."""
    names = gpus()
    share = len(names) // workers
    own = names[index * share : (index + 1) * share]
    return {"CUDA_VISIBLE_DEVICES": ",".join(own) or "-1"}


def free_addresses(count: int) -> tuple[str, ...]:
    """Return addresses of this machine on which nobody listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
