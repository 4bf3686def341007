"""Disks without space, and file systems that refuse to be written to."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

__all__ = ["limited_file_size"]


@contextlib.contextmanager
def limited_file_size(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond this many bytes: writing then fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
