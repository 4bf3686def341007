"""Saves that find no room, or nothing that can be written to."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from optiplug.errors import OptiplugError

from .apart import Ended, forked
from .disks import mounted, remount
from .kills import going_on
from .subject import filling, restoring, saving
from .tries import Try, judged

__all__ = ["full_disks", "read_only", "small_files"]

STEPS = range(1, 5)
ROOM = 1 << 24


def full_disks(root: Path, sizes: list[int], *, asynchronous: bool) -> list[Try]:
    """Save to file systems of these sizes until they are full; then make room, and save on."""
    return list(_tried(root, sizes, partial(_on_a_disk, asynchronous=asynchronous)))


def small_files(root: Path, sizes: list[int], *, asynchronous: bool) -> list[Try]:
    """Save where no file may be larger than these sizes, which every system can enforce."""
    return list(_tried(root, sizes, partial(_of_small_files, asynchronous=asynchronous)))


def read_only(root: Path) -> list[Try]:
    """Restore from a file system that is read-only, which works, and save to it, which is refused."""
    (digests,) = forked(filling, range(STEPS.stop + 1)).yielded
    ended = forked(mounted, root, ROOM, _without_writing, root)
    assert ended.code == 0, ended.printed
    restored, saved = ended.yielded
    first = judged("restore, read-only", restored, digests, steps=[STEPS[-1]])
    return [first, Try("save, read-only", "refused" if saved.code == 0 else "not refused", _fault(saved))]


def _tried(root: Path, sizes: list[int], fill: Any) -> Iterator[Try]:
    (digests,) = forked(filling, range(6)).yielded
    for size in sizes:
        saved, found, after = fill(root / f"size-{size}", size)
        steps = [each for each in saved.yielded if isinstance(each, int) and each > 0]
        newest = max(steps, default=None)
        what = f"{size} bytes, {len(steps)} saves"
        if newest is None:
            result = judged(what, found, digests, steps=[], errors=["StateError"])
        else:
            # What was written completely counts even if the save was not said to be done.
            result = judged(what, found, digests, steps=range(newest, STEPS.stop))
        yield Try(what, result.outcome, result.fault or _fault(saved, len(steps) < len(STEPS)) or after)


def _fault(saved: Ended, expected: bool = True) -> str:
    """Return what is wrong with how a save failed: it must raise an error that can be caught by its type."""
    refused = [each for each in saved.yielded if isinstance(each, dict)]
    if saved.code:
        return f"not an error of a type: {saved.printed}"
    return "" if bool(refused) == expected else f"failed: {refused}, expected: {expected}"


def failing(folder: Path, **settings: Any) -> Iterator[Any]:
    """Save until it fails, and yield the steps that are saved and the error."""
    try:
        yield from saving(folder, STEPS, **settings)
    except (OptiplugError, OSError) as error:
        yield {"error": type(error).__name__, "message": str(error)}


def _on_a_disk(folder: Path, size: int, asynchronous: bool) -> tuple[Ended, dict[str, Any], str]:
    ended = forked(mounted, folder, size, _filled, folder, asynchronous)
    assert ended.code == 0, ended.printed
    saved, found, after = ended.yielded
    return saved, found, after


def _filled(folder: Path, asynchronous: bool) -> Iterator[Any]:
    yield forked(partial(failing, asynchronous=asynchronous), folder)
    yield forked(restoring, [folder]).yielded[0]
    remount(folder, size=ROOM)
    yield _after(folder)


def _of_small_files(folder: Path, size: int, asynchronous: bool) -> tuple[Ended, dict[str, Any], str]:
    folder.mkdir(parents=True)
    saved = forked(_limited, size, partial(failing, asynchronous=asynchronous), folder)
    return saved, forked(restoring, [folder]).yielded[0], _after(folder)


def _limited(size: int, function: Any, *arguments: Any) -> Iterator[Any]:
    work = iter(function(*arguments))
    yield next(work)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    yield from work


def _after(folder: Path) -> str:
    """Return what is in the way once there is room again."""
    ended = forked(going_on, [folder], 32)
    return ended.yielded[0] if ended.yielded else f"cannot save any more: {ended.printed}"


def _without_writing(folder: Path) -> Iterator[Any]:
    assert forked(saving, folder, STEPS).code == 0
    names = sorted(path.name for path in folder.rglob("*"))
    remount(folder, size=ROOM, read_only=True)
    yield forked(restoring, [folder]).yielded[0]
    yield forked(failing, folder)
    assert sorted(path.name for path in folder.rglob("*")) == names
