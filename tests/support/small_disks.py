"""Disks of some kilobytes, which only programs in a namespace of mounts see."""

from __future__ import annotations

import ctypes
import subprocess
from functools import partial
from pathlib import Path
from typing import Self

from support.forks import Fork, command

__all__ = ["SmallDisk"]

_NAMESPACES = {"user": 0x10000000, "mnt": 0x00020000}  # CLONE_NEWUSER and CLONE_NEWNS


class SmallDisk:
    """A disk of this size (``90k``), mounted on a folder inside a ``with`` block."""

    def __init__(self, folder: Path, size: str) -> None:
        self._folder, self._size = folder, size

    def __enter__(self) -> Self:
        self._folder.mkdir(exist_ok=True)
        inside = ["unshare", "--map-root-user", "--mount", "bash", "-e"]
        pipe = subprocess.PIPE
        self._shell = subprocess.Popen(inside, stdin=pipe, stdout=pipe, text=True)
        self.shell(f"mount -t tmpfs -o size={self._size} none {self._folder}")
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate()

    def shell(self, line: str) -> None:
        """Run a line of shell that sees the disk."""
        self._shell.stdin.write(f"{line}\necho done\n")
        self._shell.stdin.flush()
        assert self._shell.stdout.readline() == "done\n", line

    def remount(self, options: str) -> None:
        """Change the size of the disk, or let nobody write to it."""
        self.shell(f"mount -o remount,{options} {self._folder}")

    def optiplug(self, *arguments: object, folder: Path) -> Fork:
        """Be the program `optiplug` with these arguments, to the end, where the disk is seen."""
        fork = command(*arguments, folder=folder, before=partial(_enter, self._shell.pid))
        assert fork.wait(120)
        return fork


def _enter(pid: int) -> None:
    for name, kind in _NAMESPACES.items():
        with Path(f"/proc/{pid}/ns/{name}").open() as file:
            assert ctypes.CDLL(None).setns(file.fileno(), kind) == 0, name
