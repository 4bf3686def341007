"""The workers of a MultiWorkerMirroredStrategy, and how long one waits for another."""

from __future__ import annotations

import math
import os
import time
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import tensorflow as tf

from optiplug._tf_private import are_coordinated, shared_text
from optiplug._types import Strategy
from optiplug.errors import ConfigError

__all__ = [
    "VARIABLE",
    "ClusterResolver",
    "Workers",
    "addresses",
    "heard",
    "longest_wait",
    "name_of",
    "present_workers",
    "workers_of",
]

ClusterResolver: TypeAlias = Any  # of TensorFlow, which is untyped

VARIABLE = "OPTIPLUG_WORKER_TIMEOUT"
_DEFAULT = 600.0
_SLICE = 5.0  # seconds after which Python looks at signals


class Workers(NamedTuple):
    """The workers of a cluster by name, in the order of TensorFlow, the position of this one and its CPU."""

    names: tuple[str, ...]
    own: int
    device: str

    @property
    def others(self) -> dict[int, str]:
        """The names of all others by position."""
        return {position: name for position, name in enumerate(self.names) if position != self.own}


_known: WeakKeyDictionary[Strategy, Workers | None] = WeakKeyDictionary()


def workers_of(strategy: Strategy | None) -> Workers | None:
    """Return the workers of a strategy; None if this process is alone."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return None
    if strategy not in _known:
        # Asked once: a resolver may parse its environment, or call a service, each time.
        _known[strategy] = _workers(strategy.cluster_resolver)
    return _known[strategy]


def present_workers() -> Workers | None:
    """Return the workers of a strategy that was used in this process, if there was one."""
    return next((each for each in _known.values() if each is not None), None)


def addresses(resolver: ClusterResolver) -> dict[tuple[str, int], str]:
    """Return the address of each worker by job and index, in the order of TensorFlow."""
    tasks = resolver.cluster_spec().as_dict()
    return {
        (job, index): address
        for job in ("chief", "worker")
        for index, address in enumerate(tasks.get(job, ()))
    }


def name_of(task: tuple[str, int], address: str) -> str:
    """Return how messages call a worker.

    >>> name_of(("worker", 1), "host:2222")
    'worker 1 (host:2222)'
    """
    return f"{task[0]} {task[1]} ({address})"


def _workers(resolver: ClusterResolver) -> Workers | None:
    known, this = addresses(resolver), (resolver.task_type, resolver.task_id)
    # An evaluator is alone.
    if len(known) < 2 or this not in known or not are_coordinated():
        return None
    device = f"/job:{resolver.task_type}/task:{resolver.task_id}/device:CPU:0"
    return Workers(tuple(name_of(*each) for each in known.items()), list(known).index(this), device)


def longest_wait() -> float:
    """Return for how many seconds a worker waits for another: OPTIPLUG_WORKER_TIMEOUT, 0 for no limit.

    Raises
    ------
    ConfigError
        If that is no such number.
    """
    given = os.environ.get(VARIABLE, "")
    try:
        seconds = float(given or _DEFAULT)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise ConfigError(
            "must be a number of seconds, and 0 for no limit",
            where=VARIABLE,
            received=given,
            hint="leave it out",
        )
    return seconds or math.inf


def heard(key: str, end: float) -> str | None:
    """Return what a worker shares under a key; None if none has when the monotonic clock is at `end`."""
    while True:
        # Asked once in any case: it may be there already.
        left = end - time.monotonic()
        text = shared_text(key, min(max(left, 0.1), _SLICE))
        if text is not None or left <= 0:
            return text
