"""Moments at which a process is killed: before its n-th operation on files, or as a file reaches a size."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["counted", "killed_at_operation", "killed_at_size"]

# What changes a folder; what only reads may be interrupted without harm.
CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}


def counted(folder: Path, function: Callable[..., Iterable[Any]], *arguments: Any) -> Iterator[Any]:
    """Run over `function(*arguments)`, then yield the operations on files below `folder` that it took."""
    done: list[str] = []
    _watch(folder, done.append)
    with suppress(SystemExit):
        for _ in function(*arguments):
            pass
    yield list(done)


def killed_at_operation(
    number: int, folder: Path, function: Callable[..., Iterable[Any]], *arguments: Any
) -> Iterator[Any]:
    """Run over `function(*arguments)`, and die before its operation of this number, from 0."""
    done: list[str] = []

    def count(operation: str) -> None:
        if len(done) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(operation)

    _watch(folder, count)
    yield from function(*arguments)


def killed_at_size(size: int, function: Callable[..., Iterable[Any]], *arguments: Any) -> Iterator[Any]:
    """Run over `function(*arguments)`, and die when a file is about to grow past a size, in C++, too."""
    work = iter(function(*arguments))
    yield next(work)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    yield from work


def _watch(folder: Path, happens: Callable[[str], None]) -> None:
    """Call `happens` before each operation that changes something below a folder, of Python's at least."""
    prefix = str(folder.absolute())

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGING:
            happens(event)
        elif event == "open" and isinstance(arguments[0], str | bytes):
            path, flags = os.fsdecode(arguments[0]), arguments[2]
            if path.startswith(prefix) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                happens("open")

    sys.addaudithook(audit)
    for name in ("fsync", "write"):
        setattr(os, name, _announced(name, getattr(os, name), happens))


def _announced(name: str, function: Callable[..., Any], happens: Callable[[str], None]) -> Callable[..., Any]:
    def announced(descriptor: int, *rest: Any) -> Any:
        if _of_a_file(descriptor):
            happens(name)
        return function(descriptor, *rest)

    return announced


def _of_a_file(descriptor: int) -> bool:
    """Say whether it is one of a file or a folder, and not of the pipe to the process that watches."""
    target = Path(f"/proc/self/fd/{descriptor}")
    return target.exists() and target.resolve().exists()
