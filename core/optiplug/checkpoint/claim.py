"""One writer for each folder: a claim that ends with its process, however that ends.

The claim is a lock of the operating system on the file ``.lock``, which says who holds it. The kernel
lets go of it when the process is gone, so that nothing has to be guessed from process numbers, which are
given out again, and which containers have of their own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import platform
import sys
import warnings
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from optiplug.errors import ClaimedError

from .files import naming

__all__ = ["LOCK", "Claim", "Owner"]

LOCK = ".lock"
"""The file in a claimed folder; it is gone when the claim has been given back."""

_LONGEST_RECORD = 4096
# What leads elsewhere would be written there.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_BOOT = Path("/proc/sys/kernel/random/boot_id")

# Forked children have the descriptors of their parent, and would keep its lock when it is gone.
_held: weakref.WeakSet[Claim] = weakref.WeakSet()


@dataclass(frozen=True)
class Owner:
    """Who claims a folder: a process, its machine since this was started (`boot`), and since when."""

    pid: int
    host: str
    boot: str
    since: str

    @classmethod
    def here(cls) -> Owner:
        """Return this process."""
        try:
            boot = _BOOT.read_text().strip()
        except OSError:  # of Linux only
            boot = ""
        now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
        return cls(os.getpid(), platform.node(), boot, now)

    def elsewhere(self, here: Owner) -> bool:
        """Whether it may run on another machine, whose locks need not be seen on this one.

        Equal boots are one kernel, whatever containers call their hosts; another boot of the same host is
        this machine before it was started again.
        """
        return self.host != here.host and (self.boot != here.boot or not here.boot)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Claim:
    """The right of this process to write in a folder, for the time of a ``with`` block.

    It may be entered again while it is held; the folder is given back when it was left as often. Where a
    process that was killed has left its claim, it is taken over, and `say` is told so.

    Parameters
    ----------
    folder
        An existing folder.
    say
        Hears of a claim that was taken over; by default it becomes a warning.

    Raises
    ------
    ClaimedError
        When it is entered, if another process, or another `Claim` of this one, holds the folder.

    Examples
    --------
    >>> import tempfile
    >>> from optiplug.checkpoint.claim import Claim
    >>> with tempfile.TemporaryDirectory() as folder, Claim(folder) as claim:
    ...     print(sorted(path.name for path in claim.folder.iterdir()))
    ['.lock']
    """

    def __init__(self, folder: str | os.PathLike[str], *, say: Callable[[str], None] = warnings.warn) -> None:
        self.folder = Path(folder)
        self._path, self._say = self.folder / LOCK, say
        self._entered = 0
        self._descriptor: int | None = None
        self._finalizer: weakref.finalize[[int, Path], Claim] | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds the folder by this claim."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the folder, once more if it is held already."""
        if self._descriptor is None:
            self._descriptor, left = self._lock()
            self._finalizer = weakref.finalize(self, _release, self._descriptor, self._path)
            _held.add(self)
            if left is not None:
                self._say(f"{self.folder}: {left}, which claimed it at {left.since}, is gone: taken over")
        self._entered += 1

    def verify(self) -> None:
        """Check that a folder which was taken still belongs to this claim.

        Raises
        ------
        ClaimedError
            If somebody has removed the file, so that another process may have claimed the folder.
        """
        if self._descriptor is not None and not _is_there(self._descriptor, self._path):
            raise ClaimedError(
                f"{LOCK} was removed while this process had the folder",
                where=str(self.folder),
                hint="see whether another process writes into it now",
            )

    def release(self) -> None:
        """Give the folder back, if this was the last of those that took it."""
        self._entered = max(self._entered - 1, 0)
        if not self._entered and self._finalizer is not None:
            self._finalizer()
            self._descriptor = self._finalizer = None
            _held.discard(self)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _lock(self) -> tuple[int, Owner | None]:
        """Return a descriptor that holds the lock, and the owner before, who is gone, if there was one."""
        while True:
            descriptor = os.open(self._path, _FLAGS, 0o644)
            try:
                self._try_lock(descriptor)
                # It may have been given back, and with that removed, since it was opened.
                if _is_there(descriptor, self._path):
                    return descriptor, self._register(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _try_lock(self, descriptor: int) -> None:
        try:
            _lock_file(descriptor)
        except (BlockingIOError, PermissionError):
            owner = _owner(_read(descriptor)) or "another process"
            hint = "wait until it has ended, or end it"
            raise self._refused(owner, hint) from None
        except OSError as error:
            rule = f"cannot be claimed: {error.strerror}"
            hint = "use a folder of a file system that has locks"
            raise ClaimedError(rule, where=str(self.folder), hint=hint) from error

    def _register(self, descriptor: int) -> Owner | None:
        here, text = Owner.here(), _read(descriptor)
        owner = _owner(text)
        # Zeros are what a machine that lost its power may leave.
        if owner is None and text.strip(b"\0"):
            rule, hint = f"there is a file {LOCK} of something else", "move it, or use another folder"
            raise ClaimedError(rule, where=str(self.folder), hint=hint)
        if owner is not None and owner.elsewhere(here):
            hint = f"its locks may not be seen on {here.host}; if it has ended, delete {self._path}"
            raise self._refused(owner, hint)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with naming(self._path):
            os.write(descriptor, json.dumps(asdict(here)).encode())
        return owner

    def _refused(self, owner: Owner | str, hint: str) -> ClaimedError:
        since = f" since {owner.since}" if isinstance(owner, Owner) else ""
        return ClaimedError(f"claimed by {owner}{since}", where=str(self.folder), hint=hint)

    def forget(self) -> None:
        """Close what a forked child has of its parent's claim, which goes on."""
        if self._finalizer is not None and self._finalizer.detach() and self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._finalizer, self._entered = None, None, 0


if sys.platform == "win32":
    import msvcrt

    # Nobody can read a byte that is locked there: one that is far behind the record.
    _FAR = 2**30

    def _lock_file(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock_file(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _release(descriptor: int, path: Path) -> None:
    """Remove the file while it is locked, so that who waits for it sees that it is gone."""
    if not _is_there(descriptor, path):  # another's, if somebody removed it
        os.close(descriptor)
        return
    with contextlib.suppress(OSError):  # Windows removes no open file, and a folder may be gone
        path.unlink()
    os.close(descriptor)
    if sys.platform == "win32":
        with contextlib.suppress(OSError):  # of the next owner, who has opened it
            path.unlink()


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _read(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _LONGEST_RECORD)


def _owner(text: bytes) -> Owner | None:
    """Return who wrote a record; None if it is none."""
    try:
        known = json.loads(text)
        return Owner(int(known["pid"]), str(known["host"]), str(known["boot"]), str(known["since"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _forget() -> None:
    for claim in list(_held):
        claim.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
