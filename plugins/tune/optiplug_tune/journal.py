"""The journal of a study: each record is there as a whole or not at all, whoever is killed."""

from __future__ import annotations

import os
from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from .locks import FileLock

__all__ = ["open_journal"]

_BLOCK = 4096


def open_journal(path: Path) -> JournalStorage:
    """Return Optuna's storage in a journal file, which is made if it is not there.

    Optuna's own locks are files beside the journal: of a process that was killed such a file stays, the
    others wait 30 s, and then each of them may remove the lock that another has just taken. This one is a
    lock of the system on the journal itself, so nobody waits for a process that is gone. A record that was
    not written to its end was never read, and is cut off before the next one is written.

    Examples
    --------
    >>> import tempfile
    >>> import optuna
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = optuna.create_study(storage=open_journal(Path(folder, "study.journal")))
    ...     study.tell(study.ask(), 0.5).value
    0.5
    """
    # What it asks of a lock are `acquire` and `release`.
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_JournalLock(path)))  # type: ignore[arg-type]


class _JournalLock(FileLock):
    def acquire(self) -> int:
        descriptor = super().acquire()
        try:
            _cut_torn(descriptor)
        except BaseException:
            self.release()
            raise
        return descriptor


def _cut_torn(descriptor: int) -> None:
    """Cut off what follows the last end of a line."""
    end = size = os.fstat(descriptor).st_size
    while end:
        begin = max(end - _BLOCK, 0)
        os.lseek(descriptor, begin, os.SEEK_SET)
        line_end = os.read(descriptor, end - begin).rfind(b"\n")
        if line_end >= 0:
            end = begin + line_end + 1
            break
        end = begin
    if end != size:
        os.ftruncate(descriptor, end)
