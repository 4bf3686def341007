"""The files in which a distribution says what it is, read within limits: they may be damaged, or endless."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import importlib_metadata

from optiplug._regular_file import opened

__all__ = [
    "DamagedMetadataError",
    "Metadata",
    "Point",
    "canonical",
    "installed_metadata",
    "installed_version",
    "lines_of",
]

# A description of any length may follow the headers, which are all that counts.
_BYTES = 1 << 20
_LONGEST_LINE = 1000
_LONGEST_VERSION = 128
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


class DamagedMetadataError(Exception):
    """A file of metadata cannot be used; the message begins with its name and says why."""


def canonical(name: str) -> str:
    """Return the form in which all spellings of the name of a distribution are equal.

    Examples
    --------
    >>> canonical("Optiplug_SGD")
    'optiplug-sgd'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Point:
    """One line ``name = value`` of entry_points.txt, below the line ``[group]``."""

    group: str
    name: str
    value: str


@dataclass(frozen=True)
class Metadata:
    """The metadata of a distribution, in a folder ``NAME-VERSION.dist-info``; nothing is read yet.

    `path` is that folder. Whether what is in it can be used is told by the methods.
    """

    path: str
    _distribution: Any = field(repr=False)

    @property
    def is_left_over(self) -> bool:
        """Whether it is what an interrupted pip left of another version, under a name of its own."""
        return PurePath(self.path).name.startswith("~")

    @property
    def folder_name(self) -> str:
        """The name of the distribution in that of the folder, which is there whatever METADATA says."""
        return PurePath(self.path).stem.partition("-")[0] or self.path

    def entry_points(self) -> str:
        """Return the text of entry_points.txt, empty if there is none; bytes that are no UTF-8 stay marked.

        Raises
        ------
        DamagedMetadataError
            If it cannot be read.
        """
        content = self._content("entry_points.txt") or b""
        if len(content) > _BYTES:
            raise DamagedMetadataError(f"entry_points.txt has more than {_BYTES:,} bytes")
        return content.decode("utf-8", "surrogateescape")

    def headers(self) -> Mapping[str, list[str]]:
        """Return the values of the headers of METADATA by their names in lower case.

        Raises
        ------
        DamagedMetadataError
            If it is not there, or cannot be read.
        """
        for name in ("METADATA", "PKG-INFO", ""):  # of a wheel, of an egg, of an egg that is one file
            content = self._content(name)
            if content is not None:
                return _headers(content)
        raise DamagedMetadataError("METADATA is missing")

    def name_and_version(self) -> tuple[str, str]:
        """Return what METADATA says.

        Raises
        ------
        DamagedMetadataError
            If one of them is missing, or can be none.
        """
        found = self.headers()
        name, version = (next(iter(found.get(key, ())), "") for key in ("name", "version"))
        if not name or not version:
            raise DamagedMetadataError(f"METADATA has no {'Version' if name else 'Name'}")
        if not _NAME.fullmatch(name):
            raise DamagedMetadataError(f"METADATA has a Name that can be none, {name[:40]!r}")
        if len(version) > _LONGEST_VERSION or not version.isprintable():
            raise DamagedMetadataError(f"METADATA has a Version that can be none, {version[:40]!r}")
        return name, version

    def requires(self) -> list[str]:
        """Return the requirements of the distribution, those of its extras included.

        Raises
        ------
        DamagedMetadataError
            If they cannot be read.
        """
        said = self.headers().get("requires-dist", [])
        if said or self._content("requires.txt") is None:
            return said
        return list(self._distribution.requires or ())  # an egg has them in a form of its own

    def _content(self, name: str) -> bytes | None:
        """Return a file up to one byte more than may be; None if it is not there."""
        # Private, but only so can a file be opened without reading all of it.
        folder = getattr(self._distribution, "_path", None)
        try:
            if not isinstance(folder, os.PathLike):  # in an archive, or of a finder of another kind
                text = self._distribution.read_text(name)
                return None if text is None else text.encode("utf-8", "surrogateescape")
            path = f"{os.fspath(folder)}/{name}".rstrip("/")
            if not name and Path(path).is_dir():
                return None
            with opened(path) as file:
                return file.read(_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:  # an archive has errors of its own
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DamagedMetadataError(f"{name or 'it'} cannot be read: {reason}") from error


def installed_metadata(**name: str) -> Iterator[Metadata]:
    """Yield the metadata of all distributions, or of one `name`, in the order of the path, copies too."""
    for distribution in importlib_metadata.distributions(**name):
        yield Metadata(str(getattr(distribution, "_path", distribution)), distribution)


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution, as Python would import it; None if there is none.

    Raises
    ------
    DamagedMetadataError
        If it does not say so.

    Examples
    --------
    >>> installed_version("no-such-distribution") is None
    True
    """
    return next((metadata.name_and_version()[1] for metadata in installed_metadata(name=name)), None)


def lines_of(text: str) -> Iterator[tuple[int, Point | str]]:
    r"""Yield each line of an entry_points.txt with its number: what it says, or why it says nothing.

    >>> list(lines_of("[console_scripts]\noptiplug = optiplug.cli:main\nno sign"))
    [(2, Point(group='console_scripts', name='optiplug', value='optiplug.cli:main')), (3, 'has no `=`')]
    """
    group = None
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.strip()
        if not line or line.startswith(("#", ";")):
            continue
        name, sign, value = (part.strip() for part in line.partition("="))
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif len(line) > _LONGEST_LINE:
            yield number, f"has more than {_LONGEST_LINE:,} characters"
        elif not sign:
            yield number, "has no `=`"
        elif group is None:
            yield number, "is in no section"
        elif not name or not value:
            yield number, f"has no {'value' if name else 'name'}"
        elif not line.isascii() and _has_surrogates(line):
            yield number, "is not UTF-8"
        else:
            yield number, Point(group, name, value)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _headers(content: bytes) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    head, *description = re.split(rb"\r?\n[ \t]*\r?\n", content, maxsplit=1)
    if len(content) > _BYTES and not description:
        raise DamagedMetadataError(f"METADATA has headers of more than {_BYTES:,} bytes")
    for line in head.splitlines():
        # What begins with a space goes on with a value that nobody asks for here.
        if not line[:1].isspace():
            # An author's name in another encoding must not hide a plugin.
            name, _, value = line.decode("utf-8", "replace").partition(":")
            found[name.strip().lower()].append(value.strip())
    return found
