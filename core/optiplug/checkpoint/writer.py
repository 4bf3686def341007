"""A thread that does one task after another, and whose errors are told."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable

from optiplug._plain_text import plain

__all__ = ["Writer"]

# Those whose error nobody has been told yet; they must not be forgotten before the process ends.
_failed: set[Writer] = set()


class Writer:
    """Does a task beside the program, one at a time.

    The interpreter waits for a task when it exits, and an error that nobody heard of is written to standard
    error then.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self, task: Callable[[], object]) -> None:
        """Begin a task, when the one before is done; if that failed, raise its error instead."""
        self.wait()
        # No daemon: the interpreter joins it before it takes itself apart.
        self._thread = threading.Thread(target=self._do, args=(task,), name="optiplug-checkpoint")
        self._thread.start()

    def wait(self) -> None:
        """Return when the task is done, or raise its error, once."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        _failed.discard(self)
        if error is not None:
            raise error

    def _do(self, task: Callable[[], object]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001  # it is raised where it can be heard
            self._error = error
            _failed.add(self)

    def tell(self) -> None:
        """Write an error that nobody heard of to standard error."""
        print(plain(f"optiplug: the last checkpoint was not saved: {self._error}"), file=sys.stderr)  # noqa: T201


@atexit.register
def _tell_failed() -> None:
    for writer in _failed:
        writer.tell()
