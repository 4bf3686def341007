"""The state on which imports depend: the same state is no reason to try anything again."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from stat import S_ISDIR

from .index import Offer
from .metadata import installed_metadata
from .sources import spec_of

__all__ = ["ImportStates"]

_OWN = ("METADATA", "entry_points.txt", "RECORD")
_MOST_FILES = 2000  # of a distribution: to look at more takes longer than to try it


class ImportStates:
    """Tells them by Python, the path, what is installed, and sizes and times of a distribution's files."""

    def of(self, offer: Offer) -> str:
        """Return the sum of a distribution's state as it is now; empty if it is out of reach.

        Of what is installed beside it only the metadata count: any of it may be what an import needs, and an
        installer changes them.
        """
        own = _own_files(offer)
        return "" if own is None else _sum([self._around, *own])

    @cached_property
    def _around(self) -> str:
        # Each installation writes them anew.
        files = sorted({f"{metadata.path}/METADATA" for metadata in installed_metadata()})
        return _sum([sys.version, platform.platform(), *sys.path, *map(_stamp, files)])


def _own_files(offer: Offer) -> list[str] | None:
    """Return stamps of the metadata and of the packages that entry points name; None if they are too many."""
    files = [f"{offer.metadata.path}/{name}" for name in _OWN]
    modules = {point.value.partition(":")[0] for point in offer.points}
    for package in sorted({module.partition(".")[0].strip() for module in modules}):
        spec = spec_of(package)
        places = spec.submodule_search_locations if spec else None
        if spec and spec.origin and not Path(spec.origin).is_file():
            return None  # such as in an archive
        files += [spec.origin] if spec and spec.origin else []
        for place in places or ():
            files += _files_below(place)
            if len(files) > _MOST_FILES:
                return None
    return sorted({*map(_stamp, files)})


def _files_below(folder: str) -> list[str]:
    found: list[str] = []
    for where, folders, names in os.walk(folder):
        # Python writes there, when it imports something for the first time.
        folders[:] = [each for each in folders if each != "__pycache__"]
        found += [f"{where}/{name}" for name in (*folders, *names)]
        if len(found) > _MOST_FILES:
            break
    return found


def _stamp(path: str) -> str:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return path
    # The time of a folder is that of the last file in it that came or went, compiled ones included.
    return path if S_ISDIR(status.st_mode) else f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def _sum(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="backslashreplace")).hexdigest()
