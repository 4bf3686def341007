"""Time contestants against each other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

__all__ = ["Contestant", "Timing", "race", "started"]

WARM_UP = 2
SLOW = 1.0
FEWEST = 5

Run = Callable[[], None]


@dataclass(frozen=True)
class Contestant:
    """What takes a step when `step` is called, which returns the seconds; `first` are those of the first."""

    first: float
    step: Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Seconds until the first step was done, and the median of the later ones."""

    first: float
    step: float


def started(make: Callable[[], Run]) -> Contestant:
    """Return a contestant whose first step includes all that `make` does: creating, tracing, compiling."""
    gc.collect()  # what an earlier contestant left behind is not this one's to clear away
    start = time.perf_counter()
    step = make()
    step()
    return Contestant(time.perf_counter() - start, partial(_seconds, step))


def race(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, Timing]:
    """Return the timing of each contestant.

    They step in turns, so that what else the machine does hits all alike. The first rounds warm up
    caches and allocators and are dropped. Whoever takes more than a second a step sits out most of
    the rounds, evenly, but is in at least five.
    """
    pause = {}
    for label, contestant in contestants.items():
        slowest = max(contestant.step() for _ in range(WARM_UP))
        pause[label] = max(1, rounds // FEWEST) if slowest > SLOW else 1
    times: dict[str, list[float]] = {label: [] for label in contestants}
    for turn in range(rounds):
        for label, contestant in contestants.items():
            if turn % pause[label] == 0:
                times[label].append(contestant.step())
    return {label: Timing(each.first, statistics.median(times[label])) for label, each in contestants.items()}


def _seconds(step: Run) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
