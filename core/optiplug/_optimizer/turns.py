"""Turns of the threads that share an optimizer."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import tensorflow as tf

from optiplug._state.table import SlotTable
from optiplug._types import Variable

__all__ = ["Turns"]

_COUNTERS = {"iterations", "learning_rate"}


@dataclass
class _Call:
    """A call that waits: where the counter was before the first step that it waited for, and of what."""

    count: int | None = None
    stepped: set[int] = field(default_factory=set)


class Turns:
    """One step at a time; steps of different variables that threads take at once are at the same count.

    As if they were one call: otherwise chance would tell which of the variables gets the bias correction of
    the first step, and which that of the second. `iterations` counts each. Not where state is kept
    for all variables together, such as a product of decay rates, which has to follow the counter.
    """

    def __init__(self, table: SlotTable) -> None:
        # Reentrant, as a first step builds.
        self.lock = threading.RLock()
        self._table = table
        self._calls: dict[int, _Call] = {}

    @contextmanager
    def call(self) -> Iterator[None]:
        """Stand around a call of this thread that takes a step, and around its wait."""
        thread = threading.get_ident()
        # Replicas take one step together. In a function nothing orders the threads that run it.
        if thread in self._calls or tf.distribute.has_strategy() or not tf.executing_eagerly():
            yield
            return
        self._calls[thread] = _Call()
        try:
            yield
        finally:
            del self._calls[thread]

    @contextmanager
    def step(self, variables: Iterable[Variable]) -> Iterator[None]:
        """Stand around the step of some variables, while no other thread takes one."""
        # Not in replica context, where the threads of a strategy wait for each other.
        with self.lock:
            calls = dict(self._calls)
            mine = calls.pop(threading.get_ident(), None)
            if mine is None or (mine.count is None and not calls) or self._is_shared():
                yield
                return
            stepped, counter = set(map(id, variables)), self._table.states["iterations"]
            now = int(counter.numpy())
            for other in calls.values():
                other.count = now if other.count is None else other.count
                other.stepped |= stepped
            behind = 0 if mine.count is None or mine.stepped & stepped else now - mine.count
            if not behind:
                yield
                return
            counter.assign_sub(behind)
            try:
                yield
            finally:
                counter.assign_add(behind)

    def _is_shared(self) -> bool:
        """Whether there is state, but counters, that belongs to no single variable."""
        return any(
            name not in self._table.homes and name.rpartition("/")[2] not in _COUNTERS
            for name in self._table.states
        )
