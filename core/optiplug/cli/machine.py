"""Errors of the machine, such as a full disk, in one line."""

from __future__ import annotations

import errno
import os
import re
import sys

from optiplug.checkpoint.system_errors import system_error
from optiplug.errors import sentence

__all__ = ["machine_error"]

_ELSEWHERE = "ask for permission, or write to another place"
_HINTS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room within the quota",
    errno.EROFS: "write to another place",
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "nothing can be below a file",
    errno.EMFILE: "let the process open more files",
}
_SMALLER = "make the batch or the model smaller, or use a machine with more memory"

# In the midst of where it was.
_MEMORY = re.compile(r"OOM when .*?(?= on /| by allocator|\n|$)|.*out of memory.*", re.IGNORECASE)


def machine_error(error: BaseException) -> str | None:
    """Return an error of the machine in a line of words; None for an error of another kind.

    These are what system calls refuse, memory that is not there, and what TensorFlow makes of either.

    Examples
    --------
    >>> import errno
    >>> from optiplug.cli.machine import machine_error
    >>> machine_error(OSError(errno.ENOSPC, "No space left on device", "run/metrics.csv"))
    'run/metrics.csv: No space left on device. Hint: make room on the disk.'
    """
    if isinstance(error, OSError):
        path = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else ""
        words = error.strerror or str(error) or type(error).__name__
        return _refused(error.errno, os.fsdecode(path), words)
    if isinstance(error, MemoryError):
        return _no_memory(str(error))
    if isinstance(error, ValueError) and str(error).startswith("embedded null"):
        return sentence("a path cannot have a NUL character in it")
    return _error_of_tensorflow(error)


def _error_of_tensorflow(error: BaseException) -> str | None:
    # Not imported for this: if it is not there, it has not failed.
    errors = getattr(sys.modules.get("tensorflow"), "errors", None)
    if errors is None or not isinstance(error, errors.OpError):
        return None
    if known := system_error(str(error.message)):
        return machine_error(known)
    if isinstance(error, errors.ResourceExhaustedError):
        memory = _MEMORY.search(str(error.message))
        return _no_memory(memory[0] if memory else "")
    return None


def _refused(number: int | None, path: str, words: str) -> str:
    where = path if path.isprintable() else repr(path)
    return sentence(" ".join(words.split()), where=where, hint=_HINTS.get(number or 0, ""))


def _no_memory(details: str) -> str:
    rule = ": ".join(filter(None, ["there is not enough memory", " ".join(details.split())]))
    return sentence(rule, hint=_SMALLER)
