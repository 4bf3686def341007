"""Turns of the threads that share an optimizer."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow as tf

from optiplug._state.table import SlotTable
from optiplug._types import Variable

__all__ = ["Turns"]

_COUNTERS = {"iterations", "learning_rate"}


@dataclass
class _Round:
    """Steps of different variables that are taken at once: the variables, and the count before the first."""

    stepped: set[int]
    count: int | None = None


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
        self._calling: set[int] = set()
        self._round: _Round | None = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Stand around a call of this thread that takes a step, and around its wait."""
        thread = threading.get_ident()
        # Replicas take one step together. In a function nothing orders the threads that run it.
        if thread in self._calling or tf.distribute.has_strategy() or not tf.executing_eagerly():
            yield
            return
        self._calling.add(thread)
        begun = self._round
        if begun is not None and begun.count is None:
            begun.count = self._now()  # before its first step is through, or this one follows that
        try:
            yield
        finally:
            self._calling.discard(thread)
            if not self._calling:
                self._round = None

    @contextmanager
    def step(self, variables: Iterable[Variable]) -> Iterator[None]:
        """Stand around the step of some variables, while no other thread takes one."""
        # Not in replica context, where the threads of a strategy wait for each other.
        with self.lock:
            calls = threading.get_ident() in self._calling
            behind = self._join(set(map(id, variables))) if calls else 0
            if behind:
                self._table.states["iterations"].assign_sub(behind)
            try:
                yield
            finally:
                if behind:
                    self._table.states["iterations"].assign_add(behind)

    def _join(self, stepped: set[int]) -> int:
        """Join the round, or begin one; return how many steps that has taken already."""
        current = self._round
        if current is None or current.count is None or current.stepped & stepped or self._is_shared():
            # Reading the counter costs as much as a small step, and there may be nobody else.
            self._round = _Round(stepped, self._now() if len(self._calling) > 1 else None)
            return 0
        current.stepped |= stepped
        return self._now() - current.count

    def _now(self) -> int:
        counter = self._table.states.get("iterations")
        return 0 if counter is None else int(counter.numpy())

    def _is_shared(self) -> bool:
        """Whether there is state, but counters, that belongs to no single variable."""
        return any(
            name not in self._table.homes and name.rpartition("/")[2] not in _COUNTERS
            for name in self._table.states
        )
