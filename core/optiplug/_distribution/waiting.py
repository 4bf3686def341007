"""The end of waits for other workers that have become too long.

A timeout of TensorFlow's own would start threads for each sum of gradients, which sleep as long as that
timeout is: 200 for a hundred sums. One thread of ours compares two counts instead, of waits that were
begun and that were done.
"""

from __future__ import annotations

import atexit
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import tensorflow as tf

from optiplug._tf_private import collective_timeout, end_collectives, plain_variable, share_text, shared_text
from optiplug._types import Gradient, Strategy

from .lost_workers import ENDED
from .workers import VARIABLE, Workers, longest_wait

__all__ = ["watched", "watching"]

_SOONEST, _OFTEN = 0.5, 5.0  # seconds between two looks at the counts
_GRACE = 10.0  # seconds in which all who wait have found that they do


def watched(
    workers: Workers,
    strategy: Strategy,
    begin: Callable[[], list[Gradient]],
    reduce: Callable[[list[Gradient]], list[Gradient]],
) -> list[Gradient]:
    """Return ``reduce(begin())``, and end the wait for other workers in it if it becomes too long."""
    # One who has set a timeout of TensorFlow's has that one.
    if collective_timeout(strategy) is not None:
        return reduce(begin())
    watch = _watch(workers)
    with tf.control_dependencies([watch.begun.assign_add(1, read_value=False)]):
        gradients = begin()
    reduced = reduce(gradients)
    with tf.control_dependencies(tf.nest.flatten(reduced, expand_composites=True)):
        watch.done.assign_add(1, read_value=False)
    return reduced


@contextmanager
def watching(workers: Workers | None) -> Iterator[None]:
    """End a wait for other workers in an eager block if it becomes too long."""
    if workers is None:
        yield
        return
    watch = _watch(workers)
    watch.begun.assign_add(1)
    try:
        yield
    finally:
        watch.done.assign_add(1)


class _Watch:
    """The counts of waits that this process has begun and done, and the thread that compares them."""

    def __init__(self, workers: Workers) -> None:
        self._workers, self._stop = workers, threading.Event()
        with tf.init_scope():
            self.begun = plain_variable((), tf.int64, workers.device, "waits_begun")
            self.done = plain_variable((), tf.int64, workers.device, "waits_done")
        self._thread = threading.Thread(target=self._run, name="optiplug-waiting", daemon=True)
        self._thread.start()
        # A thread that is in TensorFlow when Python ends would end the process with an abort.
        atexit.register(self._end)

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(_OFTEN)

    def _run(self) -> None:
        seen: Sequence[int] = ()
        since = time.monotonic()
        while not self._stop.wait(min(max(longest_wait() / 10, _SOONEST), _OFTEN)):
            now = int(self.begun), int(self.done)
            if now != seen or now[0] == now[1]:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > longest_wait():
                end_collectives(self._told(time.monotonic() - since))
                return

    def _told(self, seconds: float) -> str:
        """Return who does not wait, as all who do have told each other."""
        told = f"{ENDED} of {math.floor(seconds)} s for other workers ({VARIABLE} sets the longest)"
        try:
            silent = self._silent()
        except tf.errors.OpError:  # the first worker is gone, and with it the service
            return told
        who = f"no part was taken by {', '.join(silent)}" if silent else "all wait, each in another step"
        return f"{told}: {who}"

    def _silent(self) -> list[str]:
        share_text(f"optiplug/waiting/{self._workers.own}", "")
        end = time.monotonic() + _GRACE
        return [
            name
            for position, name in self._workers.others.items()
            if shared_text(f"optiplug/waiting/{position}", max(0.1, end - time.monotonic())) is None
        ]


@cache
def _watch(workers: Workers) -> _Watch:
    return _Watch(workers)
