"""A lock on a file that ends with its process, and for which others wait."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from optiplug import OptiplugError
from optiplug.checkpoint.files import naming

__all__ = ["FileLock"]


class FileLock:
    """The lock of the operating system on a file, which the kernel lets go of when a process is gone.

    Over NFS, Linux asks the server for it (version 4, or 3 with its lock daemon), so that it holds between
    machines. Somebody who was killed blocks nobody.

    Parameters
    ----------
    path
        The file; it is made if it is not there, and stays.

    Raises
    ------
    OptiplugError
        When it is taken, if the file system has no locks.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, FileLock(Path(folder, "turn")) as lock:
    ...     lock.path.exists()
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> int:
        """Wait for it, unless it is held already, and return a descriptor of the file."""
        if self._descriptor is not None:  # an interrupt came before it could be released
            return self._descriptor
        with naming(self.path):
            # Not inherited by processes that are started meanwhile.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            rule, hint = f"cannot be locked: {error.strerror}", "use a folder of a file system that has locks"
            raise OptiplugError(rule, where=str(self.path), hint=hint) from error
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return descriptor

    def release(self) -> None:
        """Let others take it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    # Nobody can read a byte that is locked there: one that is far behind the records.
    _FAR = 2**30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        while True:
            with contextlib.suppress(PermissionError):
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return
            time.sleep(0.01)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
