"""A process in which plugins are imported: what it does, and how it is seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from optiplug.errors import OptiplugError

from .entry_points import Entry
from .importing import config_class
from .reasons import bounded, reason

__all__ = ["About", "Child", "Job", "Numbered", "answer", "do"]

About: TypeAlias = Callable[[Entry, Any], object]
"""What is asked of a Config class; its answer is made of JSON values.

Its module may have a function `prepare`, which is called once, before the forks.
"""
Numbered: TypeAlias = tuple[int, Entry]

_FAILED = b"-"
_LONGEST_ANSWER = 500_000  # in bytes
_TOO_LONG = f"it says more of itself than {_LONGEST_ANSWER:,} bytes"
_LONGEST_FAULT = 2_000
_LONGEST_PRINTED = 2_000
_LARGEST_READ = 1 << 20
_MOMENT = 0.5  # in seconds: after so long without work a process waits for something
_IDLE = 0.1  # the part of that time in which it may work for all that


@dataclass(frozen=True)
class Job:
    """Entries that one process imports, one after the other; those of one distribution only if `alone`."""

    entries: list[Numbered]
    alone: bool


def answer(entry: Entry, about: About, load: Callable[[Entry], Any] = config_class) -> tuple[object, str]:
    """Return what a plugin answers, or why it does not."""
    try:
        return about(entry, load(entry)), ""
    except OptiplugError as error:
        return None, bounded(str(error), _LONGEST_FAULT)
    except BaseException as error:  # noqa: BLE001  # it is somebody's code that runs here
        return None, f"{entry} cannot be described: {reason(error)}"


class Child:
    """A process that does a job, as the server sees it."""

    def __init__(self, process: int, job: Job, results: int, prints: int) -> None:
        # Both sides do it, since nobody knows which is first.
        with contextlib.suppress(OSError):
            os.setpgid(process, process)
        self.ended, self.ends = False, {results, prints}
        self._process, self._results, self._prints = process, results, prints
        self._entries, self._alone, self._again = deque(job.entries), job.alone, list[Numbered]()
        self._read, self._printed, self._begun = b"", b"", time.monotonic()
        self._work, self._looked, self.is_idle = 0.0, self._begun, False
        for end in self.ends:
            os.set_blocking(end, False)

    @property
    def left(self) -> Iterator[Job]:
        """What is to be done again when this one has ended.

        Where several distributions share a process, one may spoil it for the next: what fails there is
        tried alone, before it is told.
        """
        # Also where one has hung, as the others of it may do: at the same time, then.
        yield from (Job([each], alone=True) for each in (*self._entries, *self._again))

    def answers(self, limit: float) -> Iterator[bytes]:
        """Yield the answers that have come."""
        status = os.waitpid(self._process, os.WNOHANG)
        self._look()
        self._listen()
        self._read += self._taken(self._results)
        *lines, self._read = self._read.split(b"\n")
        # A plugin may write there, too.
        for line in lines[: len(self._entries)]:
            yield from self._told(line[1:].decode(errors="replace"), line[:1] == _FAILED)
        if status[0]:
            code = os.waitstatus_to_exitcode(status[1])
            if self._entries:
                yield from self._fault(_how_it_ended(code), self._alone)
            self.kill(reaped=True)
        elif not self._entries:
            self.kill()
        elif len(self._read) > _LONGEST_ANSWER:
            yield from self._fault(_TOO_LONG, final=True)
            self.kill()
        elif time.monotonic() - self._begun > limit:
            yield from self._fault(f"that takes longer than {limit:g} seconds", final=True)
            self.kill()

    def _look(self) -> None:
        """See now and then whether it works or waits, so that another one may work meanwhile."""
        passed = time.monotonic() - self._looked
        if passed > _MOMENT:
            before, self._work = self._work, _work_of(self._process)
            self.is_idle = abs(self._work - before) < _IDLE * passed
            self._looked += passed

    def _told(self, line: str, failed: bool) -> Iterator[bytes]:
        """Yield the answer of the entry whose turn it is, with what was printed up to here."""
        number, entry = self._entries.popleft()
        printed, self._begun = self._heard(), time.monotonic()
        if failed and not self._alone:
            self._again.append((number, entry))
        else:
            yield f"{json.dumps([number, line, '', printed])}\n".encode()

    def _fault(self, reason: str, final: bool) -> Iterator[bytes]:
        """Yield the fault of the entry whose turn it is, which has ended the process or must be ended."""
        number, entry = self._entries.popleft()
        printed = self._heard()
        if final:
            fault = f"{entry} cannot be imported from {entry.target}: {reason}"
            yield f"{json.dumps([number, '', fault, printed])}\n".encode()
        else:
            self._again.append((number, entry))

    def kill(self, *, reaped: bool = False) -> None:
        """End the process and those that it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process, signal.SIGKILL)
        if not reaped:
            os.waitpid(self._process, 0)
        for end in (self._results, self._prints):
            os.close(end)
        self.ended = True

    def _heard(self) -> str:
        self._listen()
        printed, self._printed = bounded(self._printed.decode(errors="replace")), b""
        return printed

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


def _work_of(process: int) -> float:
    """Return how many seconds a process has worked; if it works now, or that is unknown, more each time."""
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        if state != "R":
            return (int(fields[10]) + int(fields[11])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        pass
    return time.monotonic()


def _how_it_ended(code: int) -> str:
    names = {each.value: each.name for each in signal.Signals}
    how = f"by {names.get(-code, f'signal {-code}')}" if code < 0 else f"with exit code {code}"
    return f"that ended the process, {how}"


def do(job: Job, about: About, limit: float, written: int, printed: int) -> NoReturn:
    """Do a job in this process, which ends with it: answers go to `written`, what is printed to `printed`."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Ends it where the server was killed and cannot.
        signal.setitimer(signal.ITIMER_REAL, (limit + 1) * len(job.entries))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        for _, entry in job.entries:
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
        fault = f"{entry} cannot be described: {odd}"
        text = json.dumps([None, fault, seconds])
    return (_FAILED if fault else b"+") + f"{text}\n".encode()


def _write(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]
