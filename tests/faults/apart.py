"""Processes that may be killed at any moment: forks of one that has imported TensorFlow and run nothing."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from support.forks import server

__all__ = ["Child", "Ended", "directors", "forked"]

PATIENCE = 300.0  # seconds until a process that says nothing counts as one that hangs
CRASHED = 70  # the exit code of an error that nobody has caught


@contextmanager
def directors() -> Iterator[ProcessPoolExecutor]:
    """Yield what calls a function in a process of its own, which has TensorFlow and may fork.

    Such a function must not run an operation itself: a fork of what has is broken.
    """
    with ProcessPoolExecutor(1, server()) as executor:
        yield executor


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, negative if killed by that signal, what it yielded and printed."""

    code: int
    yielded: list[Any]
    printed: str


def forked(function: Callable[..., Iterable[Any]], *arguments: Any, kill_after: float | None = None) -> Ended:
    """Return how a fork that runs over `function(*arguments)` ended.

    With `kill_after`, it is killed so many seconds after it has yielded for the first time.
    """
    return Child(function, *arguments).end(kill_after)


class Child:
    """A fork of this process that runs over the generator `function(*arguments)`."""

    def __init__(self, function: Callable[..., Iterable[Any]], *arguments: Any) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  # closed by end()
        self._reader, writer = os.pipe()
        self._received = b""
        self._yielded: list[Any] = []
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._reader)
            _become(function, arguments, writer, self._printed.fileno())
        os.close(writer)

    def first(self) -> Any:
        """Wait until the process has yielded, and return what."""
        while not self._yielded and self._read(PATIENCE):
            pass
        assert self._yielded, f"a process ended early: {self.end()}"
        return self._yielded[0]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the process a signal."""
        os.kill(self.pid, number)

    def end(self, kill_after: float | None = None) -> Ended:
        """Wait for the end of the process, or bring it about so long after it has first yielded."""
        deadline: float | None = None
        while self._read(PATIENCE if deadline is None else max(0.0, deadline - time.monotonic())):
            if deadline is not None and time.monotonic() >= deadline:
                self.kill()
                kill_after = deadline = None
            elif kill_after is not None and deadline is None and self._yielded:
                deadline = time.monotonic() + kill_after
        _, status = os.waitpid(self.pid, 0)
        os.close(self._reader)
        with self._printed as file:
            file.seek(0)
            printed = file.read().decode(errors="replace")
        return Ended(os.waitstatus_to_exitcode(status), self._yielded, printed)

    def _read(self, seconds: float) -> bool:
        """Take in what there is within so many seconds; False at the end."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        if not ready:
            if seconds >= PATIENCE:
                self.kill()
                raise TimeoutError(f"a process hangs after it has yielded {self._yielded}")
            return True
        read = os.read(self._reader, 1 << 16)
        self._received += read
        while len(self._received) >= 8:
            size = int.from_bytes(self._received[:8], "big")
            if len(self._received) < 8 + size:
                break
            self._yielded.append(pickle.loads(self._received[8 : 8 + size]))  # noqa: S301  # of our own fork
            self._received = self._received[8 + size :]
        return bool(read)


def _become(function: Callable[..., Iterable[Any]], arguments: Any, writer: int, printed: int) -> None:
    code = 0
    try:
        for number in (1, 2):
            os.dup2(printed, number)
        for value in function(*arguments):
            data = pickle.dumps(value)
            os.write(writer, len(data).to_bytes(8, "big") + data)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001  # whatever it is, the process ends here
        traceback.print_exc()
        code = CRASHED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
