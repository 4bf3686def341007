"""File systems that are full or read-only, of the size that a try needs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .apart import forked

__all__ = ["mounted", "remount", "why_no_mount"]

NEW_NAMESPACE, NEW_USER = 0x00020000, 0x10000000
READ_ONLY, REMOUNT, RECURSIVE, PRIVATE = 1, 32, 16384, 1 << 18


def mounted(
    folder: Path, size: int, function: Callable[..., Iterable[Any]], *arguments: Any
) -> Iterator[Any]:
    """Run over `function(*arguments)` where `folder` is a file system of so many bytes, for this process."""
    _own_mounts()
    folder.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", folder, 0, f"size={size}")
    yield from function(*arguments)


def remount(folder: Path, *, size: int, read_only: bool = False) -> None:
    """Change the size of what is mounted, or let nobody write to it."""
    _mount("tmpfs", folder, REMOUNT | (READ_ONLY if read_only else 0), f"size={size}")


def why_no_mount(folder: Path) -> str:
    """Return why no file system can be mounted here, or an empty string."""
    ended = forked(mounted, folder, 1 << 20, lambda: [True])
    return "" if ended.code == 0 else ended.printed.strip().splitlines()[-1]


def _own_mounts() -> None:
    """Let what this process mounts be seen by nobody else; without being root, as root of its own."""
    user, group = os.getuid(), os.getgid()
    _checked(_libc().unshare(NEW_USER | NEW_NAMESPACE), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _checked(_libc().mount(None, b"/", None, RECURSIVE | PRIVATE, None), "mount")


def _mount(kind: str, folder: Path, flags: int, options: str) -> None:
    status = _libc().mount(b"none", os.fsencode(folder), kind.encode(), flags, options.encode())
    _checked(status, "mount")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(status: int, what: str) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
