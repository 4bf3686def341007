"""The steps that are saved in a folder, looked at without TensorFlow."""

from __future__ import annotations

import hashlib
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from optiplug._regular_file import opened, read_whole
from optiplug.errors import CorruptCheckpointError, NewerCheckpointError, StateError

from .manifest import LARGEST, Manifest

__all__ = ["MANIFEST", "Latest", "SavedStep", "latest_valid", "name_of", "saved_steps"]

MANIFEST = "manifest.json"
_NAME = re.compile(r"step-(\d{8,18})", re.ASCII)


def name_of(step: int) -> str:
    """Return the name of the folder of a step.

    >>> name_of(600)
    'step-00000600'
    """
    return f"step-{step:08d}"


@dataclass(frozen=True)
class SavedStep:
    """One saved step: a folder with values and a manifest, which may be damaged."""

    path: Path
    step: int

    @property
    def manifest(self) -> Manifest:
        """What the manifest says, read anew.

        Raises
        ------
        CorruptCheckpointError
            If there is none, or none that was written here, or it is that of another step.
        NewerCheckpointError
            If a later version of optiplug wrote it.
        """
        path = self.path / MANIFEST
        try:
            text = read_whole(path, LARGEST, follow=False)
        except OSError as error:
            raise _unreadable(path, error) from error
        manifest = Manifest.parse(text, str(self.path))
        if manifest.step != self.step:
            raise CorruptCheckpointError(
                "the manifest must be of the step that the folder is named after",
                where=str(self.path),
                received=manifest.step,
            )
        return manifest

    def verify(self) -> None:
        """Compare all files with the sizes and checksums in the manifest.

        Raises
        ------
        CorruptCheckpointError
            If one is missing, more than the manifest says, or another.
        NewerCheckpointError
            If a later version of optiplug wrote it.
        """
        told = self.manifest.files
        try:
            found = {each.name for each in self.path.iterdir()} - {MANIFEST}
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if found != told.keys():
            raise CorruptCheckpointError(
                "the folder must have the files that its manifest tells",
                where=str(self.path),
                received=sorted(found ^ told.keys())[:3],
            )
        for name, (checksum, size) in told.items():
            path = self.path / name
            with _opened(path) as file:
                if os.fstat(file.fileno()).st_size != size:
                    raise CorruptCheckpointError(f"{name} must have {size} bytes", where=str(self.path))
                try:
                    same = hashlib.file_digest(file, "sha256").hexdigest() == checksum
                except OSError as error:
                    raise _unreadable(path, error) from error
            if not same:
                raise CorruptCheckpointError(
                    f"{name} does not have its checksum: it was changed or damaged", where=str(self.path)
                )


@dataclass(frozen=True)
class Latest:
    """The newest step that is whole, None if none is, and the newer ones with what is wrong with them."""

    saved: SavedStep | None
    skipped: tuple[tuple[SavedStep, StateError], ...]


def saved_steps(folder: str | os.PathLike[str]) -> list[SavedStep]:
    """Return what is saved in a folder, by ascending step, whether it is whole or not.

    That is folders called ``step-`` and at least 8 digits; anything else is not looked at.
    """
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return []
    found = []
    for entry in entries:
        match = _NAME.fullmatch(entry.name)
        # A number has one name.
        if match and name_of(int(match[1])) == entry.name and entry.is_dir(follow_symlinks=False):
            found.append(SavedStep(Path(entry.path), int(match[1])))
    return sorted(found, key=lambda each: each.step)


def latest_valid(folder: str | os.PathLike[str]) -> Latest:
    """Return the newest step that is whole, with all of its files verified, and why newer ones are not.

    Examples
    --------
    >>> import tempfile
    >>> from optiplug.checkpoint import latest_valid
    >>> latest_valid(tempfile.mkdtemp())
    Latest(saved=None, skipped=())
    """
    skipped: list[tuple[SavedStep, StateError]] = []
    for each in reversed(saved_steps(folder)):
        try:
            each.verify()
        except (CorruptCheckpointError, NewerCheckpointError) as error:
            skipped.append((each, error))
        else:
            return Latest(each, tuple(skipped))
    return Latest(None, tuple(skipped))


def _opened(path: Path) -> io.FileIO:
    """Open a file of a step, and nothing that leads elsewhere."""
    try:
        return opened(path, follow=False)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> CorruptCheckpointError:
    return CorruptCheckpointError(
        f"{path.name} cannot be read: {error.strerror or error}", where=str(path.parent)
    )
