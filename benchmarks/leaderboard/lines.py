"""Files of JSON, an object in each line, to which several processes add."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["add_line", "lines_of"]


def lines_of(path: Path) -> Iterator[Any]:
    """Yield what is in each line, less what processes that were killed left of one."""
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if line.endswith(b"\n"):
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def add_line(path: Path, text: str) -> None:
    """Add a line; what a process that was killed left at the end becomes a line of its own before it."""
    line = text.encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)
