"""Runs of `optiplug train` that are killed, doubled, and find no room."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .apart import Child, Ended, forked
from .disks import mounted, remount
from .moments import counted, killed_at_operation
from .runs import config, contents, difference, optiplug, train
from .tries import Try

__all__ = ["doubled", "finished", "full_disks", "killed_again_and_again", "whole"]

ROOM = 1 << 26
TRACEBACK = "Traceback (most recent call last)"


def whole(root: Path) -> tuple[Path, dict[str, str]]:
    """Return a config, and the hashes of a run of it that nobody has disturbed."""
    path = config(root)
    ended = train(path, "--run-dir", root / "whole")
    assert ended.code == 0, ended.printed
    (found,) = forked(contents, root / "whole").yielded
    assert len(found) > 10
    return path, found


def finished(path: Path, run: Path, expected: dict[str, str], what: str) -> Try:
    """Go on with a run until it ends, or begin it again if there is nothing saved, and compare."""
    resumed = train("--resume", run)
    outcome = "resumed"
    if resumed.code == 5:
        # Killed before anything was saved: said so, and the same command begins anew.
        outcome, refused = "begun anew", resumed
        resumed = train(path, "--run-dir", run)
        if TRACEBACK in refused.printed:
            return Try(what, outcome, refused.printed)
    if resumed.code or TRACEBACK in resumed.printed:
        return Try(what, outcome, f"exit code {resumed.code}: {resumed.printed}")
    return Try(what, outcome, difference(expected, run))


def killed_again_and_again(root: Path, count: int) -> list[Try]:
    """Kill runs so many times, in turn before an operation on files and at a random time.

    Each run is killed and resumed until it ends, and then compared with one that was left alone.
    """
    path, expected = whole(root)
    counting = forked(counted, root, optiplug, "train", "--quiet", path, "--run-dir", root / "counted")
    assert counting.code == 0, counting.printed
    (operations,) = counting.yielded
    chance = random.Random(0)  # noqa: S311  # moments, not secrets
    numbers = iter(chance.sample(range(len(operations)), len(operations)) * count)
    tries: list[Try] = []
    run = root / "run"
    while sum(each.outcome == "killed" for each in tries) < count:
        begun = (run / "config.yaml").exists()  # also one that has not saved anything goes on
        arguments = ("train", "--quiet", *(("--resume", run) if begun else (path, "--run-dir", run)))
        if len(tries) % 2:
            what, ended = _at_operation(next(numbers), root, *arguments)
        else:
            what, ended = _at_random(chance.uniform(0.0, 4.0), *arguments)
        tries.append(_went_on(what, ended, run, expected))
    return [*tries, finished(path, run, expected, "left alone at last")]


def _at_operation(number: int, root: Path, *arguments: object) -> tuple[str, Ended]:
    ended = forked(killed_at_operation, number, root, optiplug, *arguments)
    return f"{arguments[2]}, killed before operation {number}", ended


def _at_random(seconds: float, *arguments: object) -> tuple[str, Ended]:
    return f"{arguments[2]}, killed after {seconds:.2f} s", forked(optiplug, *arguments, kill_after=seconds)


def _went_on(what: str, ended: Ended, run: Path, expected: dict[str, str]) -> Try:
    if ended.code not in (0, -signal.SIGKILL) or TRACEBACK in ended.printed:
        return Try(what, "refused", f"exit code {ended.code}: {ended.printed}")
    if ended.code:
        return Try(what, "killed")
    fault = difference(expected, run)
    shutil.rmtree(run)
    return Try(what, "ended", fault)


def doubled(root: Path, count: int) -> list[Try]:
    """Start a run, or go on with one, twice at once: one does it, the other one is refused."""
    path, expected = whole(root)
    tries = []
    for number in range(count):
        run = root / f"run-{number}"
        new, resumed = (path, "--run-dir", run), ("--resume", run)
        if number % 2:
            forked(killed_at_operation, 40, root, optiplug, "train", "--quiet", *new)
        # Checkpoints are written beside the training, so that it may be killed before the first one.
        saved = list(run.glob("checkpoints/step-*"))
        if not saved:
            shutil.rmtree(run, ignore_errors=True)
        arguments = resumed if saved else new
        children = [Child(optiplug, "train", "--quiet", *arguments) for _ in range(2)]
        ended = [child.end() for child in children]
        what = f"two at once: {' '.join(map(str, arguments[:1]))}"
        tries.append(Try(what, "one ran, one was refused", _of_two(ended) or difference(expected, run)))
    return tries


def _of_two(ended: list[Ended]) -> str:
    codes = sorted(each.code for each in ended)
    printed = "\n".join(each.printed for each in ended)
    # Who comes when the folder is no longer empty, or no longer free, is told so.
    return "" if codes in ([0, 1], [0, 2]) and TRACEBACK not in printed else f"exit codes {codes}: {printed}"


def full_disks(root: Path, sizes: list[int]) -> list[Try]:
    """Train where there is too little room; then make room, and go on."""
    path, expected = whole(root)
    tries = []
    for size in sizes:
        disk = root / f"disk-{size}"
        ended = forked(mounted, disk, size, _on_a_disk, path, disk, expected)
        assert ended.code == 0, ended.printed
        tries += ended.yielded
    return tries


def _on_a_disk(path: Path, disk: Path, expected: dict[str, str]) -> Iterator[Any]:
    run = disk / "run"
    ended = train(path, "--run-dir", run)
    what = f"a disk of {disk.name.partition('-')[2]} bytes"
    if ended.code not in (0, 1) or TRACEBACK in ended.printed:
        yield Try(what, "crashed", f"exit code {ended.code}: {ended.printed}")
        return
    remount(disk, size=ROOM)
    if ended.code == 0:
        yield Try(what, "large enough", difference(expected, run))
    elif len(ended.printed.strip().splitlines()) != 1:
        yield Try(what, "wordy", ended.printed)
    elif not run.exists():
        yield Try(what, "refused before it began")
    else:
        yield finished(path, run, expected, what)
