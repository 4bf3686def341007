"""Runs that are resumed with other inputs than they were begun with."""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import importlib_metadata

from .apart import forked
from .moments import killed_at_operation
from .runs import TEXT, optiplug
from .trainings import TRACEBACK, whole
from .tries import Try

__all__ = ["CHANGES", "changed_runs"]

REFUSED = 5


@dataclass(frozen=True)
class Change:
    """What is changed before a resume, its arguments, and the section of the inputs that it is in."""

    what: str
    section: str
    apply: Callable[[Path], object] = lambda root: None  # noqa: ARG005
    arguments: tuple[str, ...] = ()


CHANGES = [
    Change("another text", "data", lambda root: (root / "text.txt").write_text(TEXT.replace("fox", "cat"))),
    Change("another config", "config", arguments=("--set", "optimizer.learning_rate.decay_steps=50")),
    Change("another seed", "config", arguments=("--set", "seed=4")),
    Change("two replicas", "replicas", arguments=("--set", "strategy={mirrored: 2}")),
    Change("another version of a plugin", "versions", lambda _: _newer("optiplug-adam")),
    Change("another TensorFlow", "versions", lambda _: _newer("tensorflow")),
]


def changed_runs(root: Path, changes: Sequence[Change] = CHANGES) -> list[Try]:
    """Resume with each change: refused with nothing changed, and gone on with once it is allowed."""
    path, _ = whole(root)
    begun = root / "begun"
    killed = forked(killed_at_operation, 60, root, optiplug, "train", "--quiet", path, "--run-dir", begun)
    assert killed.code == -signal.SIGKILL, killed
    assert list(begun.glob("checkpoints/step-*"))
    tries = []
    for number, change in enumerate(changes):
        run = Path(shutil.copytree(begun, root / f"run-{number}"))
        before = sums(run)
        ended = forked(_changed, change, root, "--resume", run)
        fault = "" if ended.code == REFUSED and TRACEBACK not in ended.printed else f"{ended}"
        if sums(run) != before:
            fault = f"refused, and changed {sums(run).items() ^ before.items()}"
        tries.append(Try(change.what, "refused", fault))
        ended = forked(_changed, change, root, "--resume", run, "--allow-changed", change.section)
        fault = "" if ended.code == 0 and TRACEBACK not in ended.printed else f"{ended}"
        if sums(run).get("config.yaml") != before["config.yaml"]:
            fault = "the config that it was begun with was overwritten"
        elif not fault and not (run / "config-2.yaml").exists():
            fault = "the change was not recorded"
        tries.append(Try(f"{change.what}, allowed", "gone on with", fault))
        (root / "text.txt").write_text(TEXT)
    return tries


def sums(run: Path) -> dict[str, str]:
    """Return a hash of every file of a run."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def _changed(change: Change, root: Path, *arguments: object) -> Iterator[str]:
    change.apply(root)
    yield from optiplug("train", "--quiet", *arguments, *change.arguments)


def _newer(name: str) -> None:
    """Let a distribution have another version than it has, in this process."""
    known = importlib_metadata.version
    importlib_metadata.version = lambda asked: "99.0" if asked == name else known(asked)
