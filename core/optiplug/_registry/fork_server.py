"""The process that forks another one for each distribution whose plugins are imported apart.

It has imported optiplug and no plugin, so that a fork has all that plugins need and nothing of each other.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from importlib import import_module
from typing import Any, NoReturn, TypeAlias

from optiplug.errors import OptiplugError

from .entry_points import Entry
from .importing import config_class
from .reasons import bounded, reason

__all__ = ["About", "answer", "serve"]

About: TypeAlias = Callable[[Entry, Any], object]
"""What is asked of a Config class; its answer is made of JSON values."""
_Numbered: TypeAlias = tuple[int, Entry]

_MOST_CHILDREN = 8
_LONGEST_ANSWER = 500_000  # in bytes
_TOO_LONG = f"it says more of itself than {_LONGEST_ANSWER:,} bytes"
_LONGEST_PRINTED = 2_000
_LARGEST_READ = 1 << 20
_POLL = 0.02  # in seconds: how late the end of a child may be seen


def answer(entry: Entry, about: About, load: Callable[[Entry], Any] = config_class) -> tuple[object, str]:
    """Return what a plugin answers, or why it does not."""
    try:
        return about(entry, load(entry)), ""
    except OptiplugError as error:
        return None, str(error)
    except BaseException as error:  # noqa: BLE001  # it is somebody's code that runs here
        return None, f"{entry} cannot be described: {reason(error)}"


def serve(request: dict[str, Any]) -> None:
    """Answer the `request` of `apart.ask` on stdout, one line for each entry, as they come."""
    module, _, name = request["about"].partition(":")
    about: Any = reduce(getattr, name.split("."), import_module(module))
    entries = [Entry(*fields) for fields in request["entries"]]
    server = _Server(about, request["limit"], sys.stdout.fileno())
    # What is never collected is not copied by the forks, either.
    gc.freeze()
    server.run(_by_distribution(entries))


def _by_distribution(entries: Sequence[Entry]) -> list[list[_Numbered]]:
    found: dict[str, list[_Numbered]] = {}
    for number, entry in enumerate(entries):
        found.setdefault(entry.distribution, []).append((number, entry))
    return list(found.values())


class _Server:
    def __init__(self, about: About, limit: float, out: int) -> None:
        self._about, self._limit, self._out = about, limit, out
        self._children: list[_Child] = []

    def run(self, jobs: Sequence[list[_Numbered]]) -> None:
        waiting = deque(jobs)
        most = min(_MOST_CHILDREN, os.cpu_count() or 1)
        try:
            while waiting or self._children:
                while waiting and len(self._children) < most:
                    self._children.append(self._started(waiting.popleft()))
                select.select([end for child in self._children for end in child.ends], [], [], _POLL)
                for child in list(self._children):
                    for line in child.answers(self._limit):
                        os.write(self._out, line)
                    if child.ended:
                        self._children.remove(child)
                        if child.entries:
                            # The one that ended it is told; the others may be sound.
                            waiting.append(child.entries)
        finally:
            for child in self._children:
                child.kill()

    def _started(self, entries: list[_Numbered]) -> _Child:
        results, written = os.pipe()
        prints, printed = os.pipe()
        process = os.fork()
        if not process:
            for end in (results, prints, *(end for child in self._children for end in child.ends)):
                os.close(end)
            _import(entries, self._about, written, printed)
        os.close(written)
        os.close(printed)
        return _Child(process, entries, results, prints)


class _Child:
    """A process that imports the plugins of one distribution, one after the other."""

    def __init__(self, process: int, entries: list[_Numbered], results: int, prints: int) -> None:
        # Both sides do it, since nobody knows which is first.
        with contextlib.suppress(OSError):
            os.setpgid(process, process)
        self.entries, self.ended, self.ends = entries, False, {results, prints}
        self._process, self._results, self._prints = process, results, prints
        self._read, self._printed, self._begun = b"", b"", time.monotonic()
        for end in self.ends:
            os.set_blocking(end, False)

    def answers(self, limit: float) -> Iterator[bytes]:
        """Yield the answers that have come; `entries` are those that are left afterwards."""
        status = os.waitpid(self._process, os.WNOHANG)
        self._listen()
        self._read += self._taken(self._results)
        *lines, self._read = self._read.split(b"\n")
        for line in lines:
            yield self._told(line.decode(), "")
        if not self.entries or status[0]:
            code = os.waitstatus_to_exitcode(status[1]) if status[0] else 0
            if self.entries:
                yield self._told("", _how_it_ended(code))
            self.kill(reaped=bool(status[0]))
        elif len(self._read) > _LONGEST_ANSWER:
            yield self._told("", _TOO_LONG)
            self.kill()
        elif time.monotonic() - self._begun > limit:
            yield self._told("", f"that takes longer than {limit:g} seconds")
            self.kill()

    def kill(self, *, reaped: bool = False) -> None:
        """End the process and those that it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process, signal.SIGKILL)
        if not reaped:
            os.waitpid(self._process, 0)
        for end in (self._results, self._prints):
            os.close(end)
        self.ended = True

    def _told(self, line: str, fault: str) -> bytes:
        """Return the answer of the entry whose turn it is, with what was printed up to here."""
        (number, entry), self.entries = self.entries[0], self.entries[1:]
        self._listen()
        printed = bounded(self._printed.decode(errors="replace"))
        fault = fault and f"{entry} cannot be imported from {entry.target}: {fault}"
        self._printed, self._begun = b"", time.monotonic()
        return f"{json.dumps([number, line, fault, printed])}\n".encode()

    def _listen(self) -> None:
        """Take what was printed, lest a process waits for that, and keep the first of it."""
        self._printed = (self._printed + self._taken(self._prints))[:_LONGEST_PRINTED]

    def _taken(self, end: int) -> bytes:
        """Return what can be read without waiting, and no more than so much."""
        taken = b""
        while end in self.ends and len(taken) < _LARGEST_READ:
            try:
                part = os.read(end, 1 << 16)
            except BlockingIOError:
                break
            if not part:
                self.ends.discard(end)
            taken += part
        return taken


def _how_it_ended(code: int) -> str:
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return f"that ended the process, {how}"


def _import(entries: Sequence[_Numbered], about: About, written: int, printed: int) -> NoReturn:
    """Import these in a process of their own, which ends here."""
    code = 1
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        for _, entry in entries:
            begun = time.monotonic()
            value, fault = answer(entry, about)
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            _write(written, _line(entry, value, fault, time.monotonic() - begun))
        code = 0
    finally:
        os._exit(code)


def _line(entry: Entry, value: object, fault: str, seconds: float) -> bytes:
    try:
        text = json.dumps([value, fault, seconds], allow_nan=False)
        odd = _TOO_LONG if len(text) > _LONGEST_ANSWER else ""
    except (TypeError, ValueError, RecursionError) as error:
        odd = reason(error)
    if odd:
        text = json.dumps([None, f"{entry} cannot be described: {odd}", seconds])
    return f"{text}\n".encode()


def _write(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]
