"""The folder of this user for what can be made again, such as compiled programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["is_private", "user_cache"]

_OTHERS_WRITE = 0o022


def user_cache(name: str) -> Path:
    """Return where optiplug keeps things of this name, as the platform has it; nothing is made.

    Examples
    --------
    >>> from optiplug._user_cache import user_cache
    >>> user_cache("xla").parts[-2:]
    ('optiplug', 'xla')
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base, "optiplug", name)


def is_private(status: os.stat_result) -> bool:
    """Whether a folder belongs to this user, and nobody else may write into it."""
    if not hasattr(os, "getuid"):  # Windows
        return True
    return status.st_uid == os.getuid() and not status.st_mode & _OTHERS_WRITE
