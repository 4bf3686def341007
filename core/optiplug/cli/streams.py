"""The standard streams of a process: they are there, take every text, and say which of them failed."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

__all__ = ["Messages", "Output", "standard_streams"]

# Nothing can be read from the one, nor be written to the other: as it is with a closed one.
_CLOSED = {"stdin": ("r", os.O_WRONLY), "stdout": ("w", os.O_RDONLY), "stderr": ("w", os.O_WRONLY)}


class Output(io.TextIOWrapper):
    """Standard output: what its encoding has not is escaped, and the first error names the stream.

    What is written after an error is dropped, so that Python, when it ends, does not meet the error again.
    """

    def __init__(self, descriptor: int, encoding: str) -> None:
        # Whoever opened the descriptor closes it.
        file = open(descriptor, "wb", closefd=False)  # noqa: SIM115  # as long as the process runs
        super().__init__(file, encoding, errors="backslashreplace", line_buffering=os.isatty(descriptor))
        self._failed = False

    def write(self, text: str) -> int:
        with self._dropping():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            super().flush()

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._failed:
                return
            self._failed = True
            error.filename = "standard output"
            raise


class Messages(Output):
    """Standard error, which never fails: there is nobody left to be told."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        super().__init__(descriptor, encoding)
        self.reconfigure(line_buffering=True)
        self._failed = True


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Give the process an `Output` and `Messages`; what is left to be written is written at the end.

    A stream that was closed from the start is opened, and fails when it is used. Else the next file that
    is opened would have its descriptor, and what libraries say would go into that file.
    """
    for name, (mode, access) in _CLOSED.items():
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, access)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.stdout, sys.stderr = _replaced(sys.stdout, Output), _replaced(sys.stderr, Messages)
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stdout.flush()


def _replaced(stream: TextIO, by: type[Output]) -> TextIO:
    stream.flush()
    return by(stream.fileno(), stream.encoding)
