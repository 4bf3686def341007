"""A folder of compiled programs, and the session folder in which TensorFlow reads and writes them.

TensorFlow takes what it finds in its folder for whole: a damaged file is an error of the step that needs it,
or other machine code. So it is given a folder of its own, with links to the programs whose checksums are
right, and what it adds is named after its checksum when the process ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from optiplug._user_cache import is_private
from optiplug.checkpoint.claim import Claim, Owner
from optiplug.errors import ClaimedError, ConfigError

__all__ = ["SESSION", "ProgramStore", "Session"]

SESSION = ".session-"
"""What is in the name of each session folder."""

_PROGRAM = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{64})\.(xla_compile_cache__\w+\.pb)")


class _Program(NamedTuple):
    """A stored program: its file, whose name has the key and the checksum, and TensorFlow's name for it."""

    path: Path
    key: str
    digest: str
    name: str

    @property
    def whole(self) -> bool:
        return hashlib.sha256(self.path.read_bytes()).hexdigest() == self.digest


class ProgramStore:
    """The programs that processes of one `key` share, among those of other keys, in a folder.

    Parameters
    ----------
    folder
        It is made if there is none, for its owner only.
    key
        What a program depends on besides itself, as 16 hexadecimal digits: version, processor, flags.

    Raises
    ------
    ConfigError
        If others could write into the folder, or this process cannot.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        with self._naming():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._require_own()

    def _require_own(self) -> None:
        status = self.folder.stat()
        if not is_private(status):
            raise ConfigError(
                "a folder of compiled programs must belong to its user, and nobody else may write into it",
                where=str(self.folder),
                received=f"owner {status.st_uid}, mode {status.st_mode & 0o777:o}",
                hint="programs in it are run; `chmod go-w`, or use another folder",
            )

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(
                "compiled programs cannot be kept here",
                where=str(self.folder),
                received=error.strerror,
                hint="use a folder that can be written to",
            ) from error

    def open(self, limit: int) -> Session:
        """Return a session, still empty; the oldest programs beyond `limit` bytes are removed."""
        with self._naming():
            self._require_room(limit)
            for path in self.folder.glob(f"*{SESSION}*"):
                self._clear(path)
            self._shrink(limit)
            return Session(self)

    def link(self, folder: Path) -> None:
        """Give a folder the programs that are whole, and remove those that are not."""
        with self._naming():
            for program in self._own():
                # Two processes may have compiled one at the same time, to other bytes.
                if program.whole and not (folder / program.name).exists():
                    _link(program.path, folder / program.name)
                else:
                    program.path.unlink(missing_ok=True)

    def _require_room(self, limit: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < limit:
            # TensorFlow would find the disk full in the middle of a first step, which it then breaks off.
            raise ConfigError(
                f"there must be room for {limit:,} bytes",
                where=str(self.folder),
                received=free,
                hint="make room, lower `megabytes`, or use another folder",
            )

    def _programs(self) -> list[_Program]:
        found = ((path, _PROGRAM.fullmatch(path.name)) for path in self.folder.iterdir())
        return [_Program(path, *match.groups()) for path, match in found if match]

    def _own(self) -> list[_Program]:
        return [program for program in self._programs() if program.key == self.key]

    def _shrink(self, limit: int) -> None:
        total = 0
        stored = [(program.path.stat(), program.path) for program in self._programs()]
        for status, path in sorted(stored, key=lambda each: each[0].st_mtime, reverse=True):
            total += status.st_size
            if total > limit:
                path.unlink(missing_ok=True)

    def _clear(self, folder: Path) -> None:
        """Remove the folder of a session whose process is gone."""
        claim = Claim(folder, say=lambda _: None)
        with contextlib.suppress(ClaimedError, FileNotFoundError), claim:
            # TensorFlow renames what it has written, so a kill tears nothing; the end of a machine does.
            if folder.name.startswith(_prefix(self.key)):
                self.adopt(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def adopt(self, folder: Path) -> None:
        """Move new programs of a session folder into the store."""
        known = {program.name for program in self._own()}
        for path in folder.glob("*.pb"):
            if path.name not in known:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                path.replace(self.folder / f"{self.key}.{digest}.{path.name}")


class Session:
    """The folder of one process in a store: TensorFlow reads and writes there, until `close`."""

    def __init__(self, store: ProgramStore) -> None:
        self._store, self._process, self._filled = store, os.getpid(), False
        while True:
            self.folder = Path(tempfile.mkdtemp(prefix=_prefix(store.key), dir=store.folder))
            self._claim = Claim(self.folder)
            # Another process may take it for one that was left, before it is claimed.
            with contextlib.suppress(ClaimedError, FileNotFoundError):
                self._claim.acquire()
                return

    def fill(self) -> None:
        """Let TensorFlow find what is in the store. It looks for a program when it needs it."""
        if not self._filled:
            self._store.link(self.folder)
            self._filled = True

    def close(self, *, keep: bool = True) -> None:
        """Remove the folder, and `keep` what is new in it."""
        if os.getpid() != self._process:  # a forked child, whose parent goes on
            return
        with contextlib.suppress(OSError):  # at the end of a process; the next one clears what is left
            if keep:
                self._store.adopt(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.release()


def _prefix(key: str) -> str:
    return f"{key}{SESSION}{Owner.here().boot[:8]}-"


def _link(path: Path, link: Path) -> None:
    try:
        link.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copyfile(path, link)
