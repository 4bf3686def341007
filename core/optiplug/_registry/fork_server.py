"""The process that forks others, in which plugins are imported apart.

It has imported optiplug and no plugin, so that a fork has all that plugins need, and nothing of them.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any

from .child_process import About, Child, Job, Numbered, do
from .entry_points import Entry

__all__ = ["serve"]

_CHILDREN = min(8, os.cpu_count() or 1)
_JOBS_OF_A_CHILD = 4  # as they take different times
_MOST_CHILDREN = 64  # those that only wait included
_POLL = 0.02  # in seconds: how late the end of a child may be seen


def serve(request: dict[str, Any]) -> None:
    """Answer the `request` of `apart.ask` on stdout, one line for each entry, as they come."""
    module, _, name = request["about"].partition(":")
    home = import_module(module)
    about: Any = getattr(home, name)
    # It ends its children before it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # What every answer needs is then there already, and need not be made in each fork.
    getattr(home, "prepare", list)()
    server = _Server(about, request["limit"], request["within"], sys.stdout.fileno())
    # What is never collected is not copied by the forks, either.
    gc.freeze()
    server.run(_jobs([Entry(*fields) for fields in request["entries"]], request["alone"]))


def _jobs(entries: Sequence[Entry], alone: bool) -> list[Job]:
    found: dict[str, list[Numbered]] = {}
    for number, entry in enumerate(entries):
        found.setdefault(entry.distribution, []).append((number, entry))
    size = 1 if alone else -(-len(found) // (_CHILDREN * _JOBS_OF_A_CHILD))
    distributions = iter(found.values())
    jobs = iter(lambda: list(chain(*islice(distributions, size))), [])
    return [Job(each, alone) for each in jobs]


class _Server:
    def __init__(self, about: About, limit: float, within: float | None, out: int) -> None:
        self._about, self._limit, self._out = about, limit, out
        self._end = float("inf") if within is None else time.monotonic() + within
        self._children: list[Child] = []

    def run(self, jobs: Iterable[Job]) -> None:
        waiting = deque(jobs)
        try:
            # What has no answer at the end was not tried.
            while (waiting or self._children) and time.monotonic() < self._end:
                while waiting and self._has_room():
                    # An end in between would leave a child that nobody knows of.
                    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
                    self._children.append(self._started(waiting.popleft()))
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
                select.select([end for child in self._children for end in child.ends], [], [], _POLL)
                for child in list(self._children):
                    for line in child.answers(self._limit):
                        os.write(self._out, line)
                    if child.ended:
                        self._children.remove(child)
                        waiting += child.left
        finally:
            for child in self._children:
                child.kill()

    def _has_room(self) -> bool:
        working = [child for child in self._children if not child.is_idle]
        return len(working) < _CHILDREN and len(self._children) < _MOST_CHILDREN

    def _started(self, job: Job) -> Child:
        results, written = os.pipe()
        prints, printed = os.pipe()
        process = os.fork()
        if not process:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            for end in (results, prints, *(end for child in self._children for end in child.ends)):
                os.close(end)
            do(job, self._about, self._limit, written, printed)
        os.close(written)
        os.close(printed)
        return Child(process, job, results, prints)
