"""Saves that are killed, at operations on files, at sizes of files and at random."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from optiplug.checkpoint import saved_steps

from .apart import Child, Ended, forked
from .moments import counted, killed_at_operation, killed_at_size
from .subject import Subject, filling, outcome, restoring, saving
from .tries import Try, judged

__all__ = ["Moments", "killed_saves"]

BEFORE, AFTER = (
    range(1, 3),
    range(3, 6),
)  # the steps that are saved already, and those during which it happens
WIDE = 40_000  # so that a file takes as long to write as a random moment is exact
KILLED = (-signal.SIGKILL, -signal.SIGXFSZ)


@dataclass(frozen=True)
class Moments:
    """Which moments to try: every so manieth operation, every so many bytes, so many random ones."""

    operations: int = 1
    bytes: int = 512
    random: int = 0


@dataclass(frozen=True)
class Killed:
    """A folder whose writer was killed, and the newest step that it had been told is saved."""

    what: str
    folder: Path
    acknowledged: int | None


def killed_saves(root: Path, moments: Moments, *, asynchronous: bool, first: bool = False) -> list[Try]:
    """Kill a writer at each moment, then restore and save on; with `first`, the folder is empty before.

    What was said to be saved must be there, with its values, and nothing may be in the way afterwards.
    """
    before = root / "before"
    if first:
        before.mkdir(parents=True)
    else:
        assert forked(saving, before, BEFORE).code == 0
    (digests,) = forked(filling, range(AFTER.stop + 1)).yielded
    known = None if first else BEFORE[-1]
    settings = {"asynchronous": asynchronous}
    killed = [*_at_operations(before, moments, known, settings), *_at_sizes(before, moments, known, settings)]
    return [*_judged(killed, digests, 32), *_at_random(root / "wide", moments.random, settings)]


def _judged(killed: list[Killed], digests: dict[int, str], width: int) -> Iterator[Try]:
    folders = [each.folder for each in killed]
    found = forked(partial(restoring, width=width), folders)
    assert found.code == 0, found.printed
    after = forked(going_on, folders, width)
    assert len(after.yielded) == len(folders), after
    for each, restored, fault in zip(killed, found.yielded, after.yielded, strict=True):
        if each.acknowledged is None:
            result = judged(each.what, restored, digests, steps=AFTER, errors=["StateError"])
        else:
            steps = range(each.acknowledged, AFTER.stop)
            result = judged(each.what, restored, digests, steps=steps)
        yield Try(result.what, result.outcome, result.fault or fault)


def going_on(folders: list[Path], width: int) -> Iterator[str]:
    """Save once more into each folder, restore it, and yield what is in the way."""
    subject = Subject(width)
    for folder in folders:
        subject.fill(AFTER.stop)
        expected = subject.digest()
        with subject.checkpoints(folder, keep=2) as checkpoints:
            if saved_steps(folder):
                checkpoints.restore()
            subject.fill(AFTER.stop)
            checkpoints.save(AFTER.stop)
        subject.fill(0)
        with subject.checkpoints(folder, keep=2) as checkpoints:
            found = outcome(subject, checkpoints)
        names = sorted(path.name for path in folder.iterdir())
        others = [name for name in names if not name.startswith("step-")]
        if found["digest"] != expected:
            yield f"the next save is not restored: {found}"
        elif others or len(names) > 2:
            yield f"left behind: {names}"
        else:
            yield ""


def _at_operations(before: Path, moments: Moments, known: int | None, settings: Any) -> Iterator[Killed]:
    writer = partial(saving, **settings)
    whole = _copied(before, "whole")
    counting = forked(counted, whole, writer, whole, AFTER)
    assert counting.code == 0, counting.printed
    (operations,) = counting.yielded
    for number in range(0, len(operations), moments.operations):
        folder = _copied(before, f"operation-{number}")
        ended = forked(killed_at_operation, number, folder, writer, folder, AFTER)
        yield _killed(f"before operation {number}, {operations[number]}", folder, ended, known)


def _at_sizes(before: Path, moments: Moments, known: int | None, settings: Any) -> Iterator[Killed]:
    whole = before.with_name("whole") / f"step-{AFTER[-1]:08d}"
    largest = max(path.stat().st_size for path in whole.iterdir())
    for size in range(0, largest, moments.bytes):
        folder = _copied(before, f"size-{size}")
        ended = forked(killed_at_size, size, partial(saving, **settings), folder, AFTER)
        yield _killed(f"as a file reaches {size} bytes", folder, ended, known)


def _at_random(root: Path, count: int, settings: Any) -> list[Try]:
    """Kill at random times, while TensorFlow writes as likely as not."""
    if not count:
        return []
    before, writer = root / "before", partial(saving, **settings)
    assert forked(saving, before, BEFORE, WIDE).code == 0
    (digests,) = forked(filling, range(AFTER.stop + 1), WIDE).yielded
    child = Child(writer, _copied(before, "whole"), AFTER, WIDE)
    child.first()
    started = time.monotonic()
    assert child.end().code == 0
    lasts, chance = time.monotonic() - started, random.Random(0)  # noqa: S311  # moments, not secrets
    tries: list[Try] = []
    for number in range(count):
        folder, seconds = _copied(before, f"random-{number}"), chance.uniform(0, lasts)
        ended = forked(writer, folder, AFTER, WIDE, kill_after=seconds)
        killed = _killed(f"after {1000 * seconds:.1f} ms", folder, ended, BEFORE[-1], ended_before=True)
        tries += _judged([killed], digests, WIDE)
        shutil.rmtree(folder)  # each has tens of megabytes
    return tries


def _copied(before: Path, name: str) -> Path:
    return Path(shutil.copytree(before, before.with_name(name)))


def _killed(what: str, folder: Path, ended: Ended, known: int | None, ended_before: bool = False) -> Killed:
    assert ended.code in KILLED or (ended_before and not ended.code), (what, ended)
    saved = [step for step in ended.yielded if step >= 0]
    return Killed(what, folder, max(saved, default=known))
