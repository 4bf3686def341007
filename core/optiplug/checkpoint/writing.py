"""How a step is written: aside, flushed to the disk, and then renamed, so that it is whole or absent."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from optiplug.errors import StateError

from .files import fsync_folder, naming
from .manifest import LARGEST, Manifest
from .steps import MANIFEST, name_of, saved_steps

__all__ = ["VALUES", "flushed_files", "remove_older", "write_step"]

Files: TypeAlias = dict[str, tuple[str, int]]

VALUES = "values"
"""What the names of the files with values begin with."""
_DRAFT = re.compile(r"\.step-\d{8,18}-.+", re.ASCII)


def write_step(folder: Path, step: int, write: Callable[[Path], Manifest]) -> Path:
    """Write one step and return its folder.

    `write` writes files of values into a folder and returns the manifest, which need not know these files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_drafts(folder)
    final = folder / name_of(step)
    with _draft(folder / f".{final.name}-{os.getpid()}") as draft:
        manifest = write(draft)
        text = replace(manifest, files=flushed_files(draft, manifest.files)).dump()
        if len(text) > LARGEST:
            raise StateError(f"the manifest would be larger than {LARGEST} bytes", where=str(final))
        # Last: without it the others are nothing.
        with naming(final), (draft / MANIFEST).open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fsync_folder(draft)
        _make_way(final)
        draft.rename(final)
    fsync_folder(folder)
    return final


def remove_older(folder: Path, run: str, valid: Collection[int], keep: int) -> None:
    """Remove what a run saved before the newest `keep` steps of those that are known to be whole."""
    kept = sorted(valid)[-keep:]
    for saved in saved_steps(folder):
        if saved.step >= kept[0]:
            continue
        try:
            own = saved.manifest.run == run
        except StateError:  # nothing tells whose it is
            continue
        if own:
            # The name first: what is half removed is no saved step.
            gone = saved.path.with_name(f".{saved.path.name}-removed")
            saved.path.rename(gone)
            shutil.rmtree(gone)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        # Gone if it was renamed; else the disk may be full.
        shutil.rmtree(path, ignore_errors=True)


def _remove_drafts(folder: Path) -> None:
    """Remove what a process that was killed has left."""
    for path in folder.iterdir():
        if _DRAFT.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def _make_way(final: Path) -> None:
    """Move what is in the place of a step aside: something that is damaged, or not of this library."""
    if not os.path.lexists(final):
        return
    aside = next(
        path
        for path in (final.with_name(f"{final.name}-damaged-{number}") for number in count(1))
        if not os.path.lexists(path)
    )
    final.rename(aside)
    warnings.warn(f"{final} was damaged and is now called {aside.name}.", stacklevel=2)


def flushed_files(folder: Path, known: Mapping[str, tuple[str, int]] = MappingProxyType({})) -> Files:
    """Flush the files of a folder that are not `known` to the disk; return checksums and sizes of all."""
    return {path.name: known.get(path.name) or _flushed(path) for path in sorted(folder.iterdir())}


def _flushed(path: Path) -> tuple[str, int]:
    """Flush a file to the disk and return its checksum and size."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
        return checksum, file.tell()
