"""Several optimizers diagnosed, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed

from optiplug import OptimizerConfig, TaskConfig

from .diagnosis import Finding, examine

__all__ = ["findings"]

_SEED = 0  # of what TensorFlow draws by itself, such as an optimizer that rounds at random


def findings(
    optimizers: Mapping[str, OptimizerConfig], tasks: Mapping[str, TaskConfig], jobs: int
) -> Iterator[tuple[str, Finding]]:
    """Yield what becomes of each optimizer on each of these diagnostics, by its name, as it is found."""
    jobs = min(jobs, len(optimizers))
    if jobs > 1:
        yield from _in_processes(optimizers, tasks, jobs)
        return
    _prepare()
    for name, optimizer in optimizers.items():
        yield from ((name, examine(optimizer, *each)) for each in tasks.items())


def _in_processes(
    optimizers: Mapping[str, OptimizerConfig], tasks: Mapping[str, TaskConfig], jobs: int
) -> Iterator[tuple[str, Finding]]:
    # Spawned: TensorFlow does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        try:
            # Ctrl-C is for this process: those that begin now inherit that it is held back.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            waiting = {pool.submit(_examined, each, tasks): name for name, each in optimizers.items()}
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            for done in as_completed(waiting):
                name = waiting[done]
                try:
                    found = done.result()
                except BrokenExecutor:
                    problem = "its process has ended, or one beside it; was it killed?"
                    found = [Finding.of(*each, problem=problem) for each in tasks.items()]
                yield from ((name, each) for each in found)
        except BaseException:
            # Else they would go on to the end of what they are at.
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _begin() -> None:
    """Let this process end with the one that has started it, and be silent."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    _prepare()


def _examined(optimizer: OptimizerConfig, tasks: Mapping[str, TaskConfig]) -> list[Finding]:
    return [examine(optimizer, *each) for each in tasks.items()]


def _prepare() -> None:
    from optiplug_lab.launch import prepare_tensorflow

    prepare_tensorflow(_SEED)
