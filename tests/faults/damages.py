"""Checkpoints that were damaged after they were written, in every way that a disk, a copy or a user may."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .apart import forked
from .subject import filling, restoring, saving
from .tries import Try, judged

__all__ = ["DAMAGED", "Damage", "damaged_checkpoints", "damages"]

OLDER, NEWER = 1, 2
DAMAGED = ("CorruptCheckpointError", "NewerCheckpointError")


@dataclass(frozen=True)
class Damage:
    """What was done to the newer one of two checkpoints."""

    what: str
    apply: Callable[[Path], None]
    noticed: bool = True  # whether the folder still counts as a checkpoint, which then is refused


def damaged_checkpoints(root: Path, every: int) -> list[Try]:
    """Do every damage to the newer of two checkpoints, and to a checkpoint that is the only one.

    The newest is never restored: the one before it is and the newest is named, or all is refused.
    """
    two = root / "two"
    assert forked(saving, two, range(OLDER, NEWER + 1)).code == 0
    (digests,) = forked(filling, range(NEWER + 1)).yielded
    done = list(damages(two / name_of(NEWER), every))
    folders = [damaged(two, root / f"damage-{number}", each) for number, each in enumerate(done)]
    tries = []
    for each, found in zip(done, _restored(folders), strict=True):
        skipped = [name_of(NEWER)] if each.noticed else []
        tries.append(judged(f"{each.what}, restore()", found, digests, steps=[OLDER], skipped=skipped))
    for each, found in zip(done, _restored(folders, NEWER), strict=True):
        errors = DAMAGED if each.noticed else ("StateError", *DAMAGED)
        tries.append(judged(f"{each.what}, restore({NEWER})", found, digests, steps=[], errors=errors))
    for folder in folders:
        shutil.rmtree(folder / name_of(OLDER))
    for each, found in zip(done, _restored(folders), strict=True):
        errors = DAMAGED if each.noticed else ("StateError", *DAMAGED)
        tries.append(judged(f"{each.what}, the only one", found, digests, steps=[], errors=errors))
    return tries


def _restored(folders: list[Path], step: int | None = None) -> list[dict[str, object]]:
    ended = forked(partial(restoring, step=step), folders)
    assert ended.code == 0, ended.printed
    return ended.yielded


def name_of(step: int) -> str:
    """Return the name of a checkpoint's folder."""
    return f"step-{step:08d}"


def damaged(two: Path, target: Path, damage: Damage) -> Path:
    """Return a copy in which the newer checkpoint is damaged."""
    shutil.copytree(two, target)
    damage.apply(target / name_of(NEWER))
    return target


def damages(saved: Path, every: int) -> Iterator[Damage]:
    """Yield every damage to a checkpoint, at every so manieth byte of each file."""
    files = sorted(path.name for path in saved.iterdir())
    for name in files:
        size = (saved / name).stat().st_size
        for offset in [*range(0, size, every), size - 1]:
            yield Damage(f"{name} ends at {offset}", partial(_truncate, name, offset))
            bit = 1 << (offset // every % 8)
            yield Damage(f"{name} has another bit at {offset}", partial(_flip, name, offset, bit))
        yield from _of_a_file(name)
        for other in files:
            if other != name:
                yield Damage(f"{name} is {other}", partial(_replace, name, other))
            if other > name:
                yield Damage(f"{name} and {other} change places", partial(_exchange, name, other))
    yield Damage("a file more", lambda folder: (folder / "more").write_text("more") and None)
    yield Damage("it is empty", _empty)
    yield Damage("it is removed", shutil.rmtree, noticed=False)
    yield Damage("all is of the one before", _be_the_older)


def _of_a_file(name: str) -> Iterator[Damage]:
    yield Damage(f"{name} is removed", lambda folder: (folder / name).unlink())
    yield Damage(f"{name} has a byte more", partial(_append, name))
    yield Damage(f"{name} is of the one before", partial(_be_older, name))
    yield Damage(f"{name} is a folder", lambda folder: _instead(folder / name).mkdir())
    yield Damage(f"{name} is a link to nothing", lambda folder: _instead(folder / name).symlink_to("nothing"))
    yield Damage(f"{name} is a link to itself", lambda folder: _instead(folder / name).symlink_to(name))
    yield Damage(f"{name} is a pipe", lambda folder: os.mkfifo(_instead(folder / name)))
    yield Damage(f"{name} is endless", lambda folder: _instead(folder / name).symlink_to("/dev/zero"))


def _truncate(name: str, size: int, folder: Path) -> None:
    os.truncate(folder / name, size)


def _flip(name: str, offset: int, bit: int, folder: Path) -> None:
    data = bytearray((folder / name).read_bytes())
    data[offset] ^= bit
    (folder / name).write_bytes(data)


def _append(name: str, folder: Path) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\0")


def _replace(name: str, other: str, folder: Path) -> None:
    shutil.copyfile(folder / other, folder / name)


def _exchange(name: str, other: str, folder: Path) -> None:
    one, two = (folder / name).read_bytes(), (folder / other).read_bytes()
    (folder / name).write_bytes(two)
    (folder / other).write_bytes(one)


def _be_older(name: str, folder: Path) -> None:
    shutil.copyfile(folder.with_name(name_of(OLDER)) / name, folder / name)


def _be_the_older(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name(name_of(OLDER)), folder)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _instead(path: Path) -> Path:
    path.unlink()
    return path
