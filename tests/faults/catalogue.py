"""Every kind of fault, each in three extents: a few tries, many, and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import changed_runs, damages, full_disks, inputs, kills, trainings, worker_kills, writers
from .kills import Moments
from .tries import Try

__all__ = ["EXTENTS", "KINDS", "Kind", "tried"]

Tries = Callable[[Path], list[Try]]
EXTENTS = ("few", "many", "all")


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and what tries it in each extent."""

    about: str
    few: Tries
    many: Tries
    all: Tries


def tried(name: str, extent: str, root: Path) -> list[Try]:
    """Return the tries of a kind, made below a folder, in a process that may fork."""
    tries: list[Try] = getattr(KINDS[name], extent)(root)
    return tries


def _in_all(function: Callable[..., list[Try]], **settings: object) -> Tries:
    """Return a function for both ways of writing, each below a folder of its own."""

    def both(root: Path) -> list[Try]:
        return [
            each
            for asynchronous in (False, True)
            for each in function(root / f"{asynchronous}", asynchronous=asynchronous, **settings)
        ]

    return both


def _sizes(count: int, step: int, first: int = 0) -> list[int]:
    return list(range(first + step, first + step * (count + 1), step))


KINDS = {
    "killed saves": Kind(
        "SIGKILL during a save: before operations on files, as a file reaches a size, at random",
        few=partial(kills.killed_saves, moments=Moments(19, 16_384), asynchronous=True),
        many=_in_all(kills.killed_saves, moments=Moments(5, 8192, 3)),
        all=_in_all(kills.killed_saves, moments=Moments(1, 1024, 25)),
    ),
    "killed first saves": Kind(
        "the same, of the first save into a folder",
        few=partial(kills.killed_saves, moments=Moments(29, 65_536), asynchronous=True, first=True),
        many=_in_all(kills.killed_saves, moments=Moments(11, 16_384), first=True),
        all=_in_all(kills.killed_saves, moments=Moments(2, 2048), first=True),
    ),
    "damaged checkpoints": Kind(
        "a file truncated, with another bit, removed, swapped, or no file",
        few=partial(damages.damaged_checkpoints, every=16_384),
        many=partial(damages.damaged_checkpoints, every=2048),
        all=partial(damages.damaged_checkpoints, every=512),
    ),
    "full disks": Kind(
        "a file system that becomes full during a save",
        few=partial(full_disks.full_disks, sizes=_sizes(3, 1 << 16), asynchronous=True),
        many=_in_all(full_disks.full_disks, sizes=_sizes(4, 1 << 16)),
        all=_in_all(full_disks.full_disks, sizes=_sizes(30, 1 << 13)),
    ),
    "small files": Kind(
        "a file that may not grow",
        few=partial(full_disks.small_files, sizes=_sizes(2, 5000), asynchronous=False),
        many=_in_all(full_disks.small_files, sizes=_sizes(3, 10_000)),
        all=_in_all(full_disks.small_files, sizes=_sizes(15, 2000)),
    ),
    "read-only folders": Kind(
        "a file system that is read-only",
        few=full_disks.read_only,
        many=full_disks.read_only,
        all=full_disks.read_only,
    ),
    "two writers": Kind(
        "two processes that save into one folder at once",
        few=partial(writers.two_writers, count=1),
        many=partial(writers.two_writers, count=4),
        all=partial(writers.two_writers, count=20),
    ),
    "killed writers": Kind(
        "a process that saves into the folder of one that was killed",
        few=partial(writers.killed_writers, count=1),
        many=partial(writers.killed_writers, count=4),
        all=partial(writers.killed_writers, count=20),
    ),
    "changed inputs": Kind(
        "a config, data, versions or replicas that have changed",
        few=inputs.changed_inputs,
        many=inputs.changed_inputs,
        all=inputs.changed_inputs,
    ),
    "other values": Kind(
        "models and optimizers other than those that were saved",
        few=inputs.other_subjects,
        many=inputs.other_subjects,
        all=inputs.other_subjects,
    ),
    "killed runs": Kind(
        "SIGKILL during `optiplug train`, before operations on files and at random",
        few=partial(trainings.killed_again_and_again, count=1),
        many=partial(trainings.killed_again_and_again, count=5),
        all=partial(trainings.killed_again_and_again, count=60),
    ),
    "killed workers": Kind(
        "SIGKILL of the chief and of the other worker in turn, during `optiplug train --local-workers 2`",
        few=partial(worker_kills.killed_workers, count=1),
        many=partial(worker_kills.killed_workers, count=2),
        all=partial(worker_kills.killed_workers, count=20),
    ),
    "two runs": Kind(
        "`optiplug train` twice in one folder at once, and `--resume` twice",
        few=partial(trainings.doubled, count=1),
        many=partial(trainings.doubled, count=2),
        all=partial(trainings.doubled, count=10),
    ),
    "runs on full disks": Kind(
        "`optiplug train` on a file system that becomes full",
        few=partial(trainings.full_disks, sizes=[1 << 16]),
        many=partial(trainings.full_disks, sizes=_sizes(2, 3 << 15)),
        all=partial(trainings.full_disks, sizes=_sizes(30, 5 << 12)),
    ),
    "changed runs": Kind(
        "`optiplug train --resume` with another config, other data, versions or replicas",
        few=partial(changed_runs.changed_runs, changes=changed_runs.CHANGES[:1]),
        many=changed_runs.changed_runs,
        all=changed_runs.changed_runs,
    ),
}
