"""Disks without space, and file systems that refuse to be written to."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
from collections.abc import Iterator

__all__ = ["WITHOUT_MOUNTS", "limited_file_size"]


@contextlib.contextmanager
def limited_file_size(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond this many bytes: writing then fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _without_mounts() -> str:
    if shutil.which("unshare") is None:
        return "unshare (util-linux) makes the disk, and is not installed"
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"this machine lets nobody mount a disk: {done.stderr.strip()}" if done.returncode else ""


WITHOUT_MOUNTS = _without_mounts()
"""Why no `SmallDisk` can be had here; empty if it can."""
