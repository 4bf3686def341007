"""Programs in terminals of their own."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from support.forks import Fork, command

__all__ = ["in_terminal"]


def in_terminal(terminal: str, *arguments: object, folder: Path) -> Fork:
    """Be the program `optiplug` with these arguments, in a terminal that becomes its own."""
    return command(*arguments, folder=folder, before=partial(_take, terminal))


def _take(path: str) -> None:
    terminal = os.open(path, os.O_RDWR)  # the first one that the leader of a session opens is its own
    for number in range(3):
        os.dup2(terminal, number)
