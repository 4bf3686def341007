"""Sees what Python does on behalf of what it reads: imports, runs, opens, connects."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["watched"]

Event = tuple[str, tuple[Any, ...]]

# Of the interpreter itself; all others are what a program does to the world around it, or to itself.
_IDLE = (
    "sys._getframe",
    "object.__getattr__",
    "object.__setattr__",
    "builtins.id",
    "gc.",
    "cpython.",
    "sys.unraisablehook",
)
_seen: list[Event] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is not None and not event.startswith(_IDLE):
        _seen.append((event, arguments))


sys.addaudithook(_hook)  # which cannot be removed


@contextmanager
def watched() -> Iterator[list[Event]]:
    """Yield the list of what is done in the block."""
    global _seen  # the hook is one for the process
    _seen = found = []
    try:
        yield found
    finally:
        _seen = None
