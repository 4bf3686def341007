"""Ending a run when a signal asks for it: between two steps, or at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Collection, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interruption", "handlers_kept"]

# Ctrl-C; a scheduler that takes the machine away; a terminal that is closed. Windows has no SIGHUP.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# What closes a terminal or stops a service often sends two signals, one right after the other.
_APART = 1.0


class Interruption:
    """While it is open, SIGINT (Ctrl-C), SIGTERM and SIGHUP set `requested` and break no step in two.

    Another one, a second later or more, ends the process at once, whatever it does. A signal that is
    ignored, as SIGHUP under `nohup`, stays so.

    Parameters
    ----------
    at_once
        Raise KeyboardInterrupt, with the signal as its argument, at the first signal.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self.requested: signal.Signals | None = None
        self._at_once = at_once
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Python lets no other thread set signal handlers.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None is a handler that was not set by Python.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._previous[number] = signal.signal(number, self._request)
            self._watch = _Watch(self._previous)
        return self

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = self.requested or signal.Signals(number)
        if self._at_once:
            raise KeyboardInterrupt(self.requested)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous:
            self._watch.close()
        while self._previous:
            signal.signal(*self._previous.popitem())


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Give signals back to Python, where a library in C takes them."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


class _Watch:
    """Hears of signals while the main thread is in a step or a compiler, where no handler runs."""

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = frozenset(numbers)
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._previous = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        first = None
        with self._reader:
            while heard := self._reader.recv(1):
                now = time.monotonic()
                if heard[0] not in self._numbers:
                    continue
                if first is None:
                    first = now
                elif now - first >= _APART:
                    _end_at_once(heard[0])

    def close(self) -> None:
        """End, which the thread notices."""
        signal.set_wakeup_fd(self._previous)
        self._writer.close()


def _end_at_once(number: int) -> None:
    # Not by an exception: the main thread may not come to see it for minutes.
    with contextlib.suppress(OSError):
        cursor = b"\033[?25h\n" if os.isatty(2) else b""
        os.write(2, cursor + b"Ended at once, without saving.\n")
    os._exit(128 + number)
