"""Opens regular files, whose end comes and which make nobody wait, and reads them up to a size."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

__all__ = ["opened", "read_whole"]

_PIECE = 2**20


def opened(path: str | os.PathLike[str], *, follow: bool = True) -> io.FileIO:
    """Open a regular file for reading; with `follow` false, not through a symbolic link.

    Raises
    ------
    OSError
        If it cannot be opened, or is a folder, a pipe, a device or a socket.
    """
    # Looked at before: to open a device may do something, and to open a pipe waits for its other end.
    _require_regular(Path(path).stat(follow_symlinks=follow), path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    file = io.FileIO(os.open(path, flags), "rb")
    try:
        # And after, since it may be another by now.
        _require_regular(os.fstat(file.fileno()), path)
    except OSError:
        file.close()
        raise
    return file


def read_whole(path: str | os.PathLike[str], most: int, *, follow: bool = True) -> bytes:
    """Return the content of a regular file of at most so many bytes.

    Raises
    ------
    OSError
        As `opened` does, or if it has more, which is not read.

    Examples
    --------
    >>> import os
    >>> from optiplug._regular_file import read_whole
    >>> try:
    ...     read_whole(os.devnull, 100)
    ... except OSError as error:
    ...     print(error.strerror)
    it is no regular file
    """
    with opened(path, follow=follow) as file:
        content = bytearray()
        if os.fstat(file.fileno()).st_size <= most:
            # Piece by piece: a file may grow, and those of /proc do not tell their size.
            while len(content) <= most and (piece := file.read(_PIECE)):
                content += piece
            if len(content) <= most:
                return bytes(content)
    raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", os.fspath(path))


def _require_regular(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
