"""Files that are replaced as a whole: after a kill, a full disk or an error they are as they were."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from optiplug._regular_file import opened, read_whole

__all__ = [
    "fsync_file",
    "fsync_folder",
    "is_draft",
    "naming",
    "opened",
    "read_whole",
    "remove_drafts",
    "replace_file",
    "replacing",
]

_DRAFT = re.compile(r"\..*-\d+-\d+\.draft", re.DOTALL)
# A name has at most 255 bytes, and a character up to four.
_LONGEST_STEM = 48

_numbers = itertools.count()


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike[str], mode: str = "wb", *, encoding: str | None = None, newline: str | None = None
) -> Iterator[IO[Any]]:
    """Open a file for writing that takes the place of `path` when the block has ended without an error.

    It is written beside `path`, flushed to the disk and renamed, and then the folder is flushed: whenever
    the process or the machine stops, `path` has the old content or the new, and never a part of either.
    A link stays, and what it leads to is replaced; the permissions stay, too.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from optiplug.checkpoint.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "numbers.txt")
    ...     _ = path.write_text("old")
    ...     with replacing(path, "w") as file:
    ...         _ = file.write("new")
    ...         before = path.read_text()
    ...     print(before, path.read_text())
    old new
    """
    # The links of a folder on the way may change meanwhile; the draft and `path` must be in one.
    final = Path(os.path.realpath(path))
    draft = final.with_name(f".{final.name[:_LONGEST_STEM]}-{os.getpid()}-{next(_numbers)}.draft")
    try:
        with (
            naming(final),
            draft.open(mode.replace("w", "x"), encoding=encoding, newline=newline) as file,
        ):
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(final, draft)
        draft.replace(final)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    fsync_folder(final.parent)


@contextlib.contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let an error of the system name the file, which it does not where an open file is written to."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


def replace_file(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Let `content` be all that is in a file; text is written as UTF-8.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from optiplug.checkpoint.files import replace_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "note.txt")
    ...     replace_file(path, "rate: 0.1")
    ...     path.read_text()
    'rate: 0.1'
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def remove_drafts(folder: str | os.PathLike[str]) -> None:
    """Remove what killed processes have left of files that they were writing; for who owns the folder."""
    for path in Path(folder).iterdir():
        if is_draft(path):
            path.unlink(missing_ok=True)


def is_draft(path: Path) -> bool:
    """Whether a file is what `replacing` writes before it takes its place.

    >>> import pathlib
    >>> is_draft(pathlib.Path(".metrics.csv"))
    False
    """
    return bool(_DRAFT.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


def fsync_file(path: str | os.PathLike[str]) -> None:
    """Wait until the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(path: str | os.PathLike[str]) -> None:
    """Wait until the names in a folder are on the disk, where the system knows how to."""
    if os.name == "nt":  # which opens no folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of some network file systems
            raise
    finally:
        os.close(descriptor)
