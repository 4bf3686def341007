"""Contestants that have a process each, with a peak of memory of its own, and take turns through pipes."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TypeAlias

from .memory import forgotten, peak

__all__ = ["Entrant", "Record", "in_turns"]

Epochs: TypeAlias = Callable[[int], float]
Entrant: TypeAlias = Callable[[], tuple[int, Callable[[], Epochs]]]
"""Returns how many steps an epoch has, and what begins to train; called in the process of a contestant."""

TURN = 0.4  # seconds that a turn should take, at least


@dataclass
class Record:
    """What was measured of one contestant: seconds, and bytes."""

    first: float = math.nan
    """From the creation of the optimizer to the end of the first epoch."""
    steps: list[float] = field(default_factory=list)
    """Seconds a step, for each turn."""
    peak: int = 0
    """Of the resident memory, above what was held before the optimizer was created."""


def in_turns(entrants: Mapping[str, Entrant], rounds: int) -> dict[str, Record]:
    """Let contestants train in turns, and return the record of each.

    Each trains its first epoch and another that warms up before turns of equal numbers of epochs begin. Who
    comes first changes from turn to turn.
    """
    records = {label: Record() for label in entrants}
    with ExitStack() as stack:
        pipes = {label: stack.enter_context(_entered(entrant)) for label, entrant in entrants.items()}
        steps = {label: pipe.recv() for label, pipe in pipes.items()}  # when all have loaded all
        for label, pipe in pipes.items():
            records[label].first = _asked(pipe, 1)
        count = math.ceil(TURN / max(_asked(pipe, 1) for pipe in pipes.values()))
        for turn in range(rounds):
            for label in sorted(pipes, reverse=turn % 2 == 1):
                records[label].steps.append(_asked(pipes[label], count) / count / steps[label])
        for label, pipe in pipes.items():
            records[label].peak = _asked(pipe, 0)
    return records


@contextmanager
def _entered(entrant: Entrant) -> Iterator[Connection]:
    spawn = multiprocessing.get_context("spawn")
    pipe, its_pipe = spawn.Pipe()
    process = spawn.Process(target=_train, args=(its_pipe, entrant))
    process.start()
    its_pipe.close()  # so that `pipe` tells when the process has ended
    try:
        yield pipe
    finally:
        pipe.close()
        process.join()


def _asked(pipe: Connection, epochs: int) -> float:
    pipe.send(epochs)
    return pipe.recv()


def _train(pipe: Connection, entrant: Entrant) -> None:
    """Answer with seconds whenever asked for epochs, and with the peak of memory when asked for none."""
    steps, begin = entrant()
    live = forgotten()
    pipe.send(steps)
    epochs = pipe.recv()
    start = time.perf_counter()
    train = begin()
    train(epochs)
    pipe.send(time.perf_counter() - start)
    while epochs := pipe.recv():
        pipe.send(train(epochs))
    pipe.send(peak() - live)
