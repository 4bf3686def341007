"""Checkpoints of a run: a folder each, complete or absent, and checked before anything is restored."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from optiplug import StateError

__all__ = ["Checkpoints"]

_KEPT = 2


class Checkpoints:
    """Saves and restores what a run needs to go on bit for bit.

    Parameters
    ----------
    folder
        Where the checkpoints are; ``step-00000600`` holds the values and a manifest with their
        SHA-256 sums. The newest two are kept.
    values
        The tracked objects by name: model variables and optimizer.
    identity
        What must be equal for the values to have the same meaning, as JSON values.
    """

    def __init__(self, folder: Path, values: Mapping[str, object], identity: Mapping[str, object]) -> None:
        self._folder, self._identity = folder, identity
        self._values = tf.train.Checkpoint(**values)

    def save(self, step: int) -> None:
        """Save after `step` steps: written beside, flushed to the disk, then renamed."""
        final = self._folder / f"step-{step:08d}"
        if final.exists():
            return
        draft = self._folder / f".{final.name}"
        shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed here
        draft.mkdir(parents=True)
        self._values.write(str(draft / "values"))
        sums = {path.name: _sha256(path) for path in sorted(draft.iterdir())}
        manifest = {"step": step, "identity": self._identity, "sha256": sums}
        (draft / "manifest.json").write_text(json.dumps(manifest, indent=2))
        for path in (*draft.iterdir(), draft):
            _flush(path)
        draft.rename(final)
        _flush(self._folder)
        for old in self._steps()[:-_KEPT]:
            shutil.rmtree(old)

    def restore(self) -> int:
        """Restore the newest checkpoint and return the number of steps it was saved after.

        Raises
        ------
        StateError
            If there is none, if it is damaged, or if it belongs to another config.
        """
        saved = self._steps()
        if not saved:
            raise StateError("there is no checkpoint", where=str(self._folder))
        manifest = self._manifest(saved)
        differences = list(_differences(manifest["identity"], self._identity))
        if differences:
            raise StateError(
                f"the checkpoint belongs to another config: {'; '.join(differences)}",
                where=str(saved[-1]),
                hint="continue with the config of the run, or start a new run",
            )
        try:
            self._values.read(str(saved[-1] / "values")).assert_consumed()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            raise StateError(f"the checkpoint does not fit: {error}", where=str(saved[-1])) from error
        return int(manifest["step"])

    def _steps(self) -> list[Path]:
        return sorted(self._folder.glob("step-*"))

    def _manifest(self, saved: list[Path]) -> dict[str, Any]:
        newest = saved[-1]
        hint = f"delete {newest.name} to go on from {saved[-2].name}" if len(saved) > 1 else "start a new run"
        try:
            manifest: dict[str, Any] = json.loads((newest / "manifest.json").read_text())
            damaged = [name for name, known in manifest["sha256"].items() if _sha256(newest / name) != known]
            # Looked at here, so that a manifest of another shape is an error of the checkpoint.
            int(manifest["step"]), dict(manifest["identity"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"the checkpoint cannot be read: {error!r}", where=str(newest), hint=hint
            ) from error
        if damaged:
            raise StateError(f"the checkpoint is damaged: {', '.join(damaged)}", where=str(newest), hint=hint)
        return manifest


def _differences(saved: object, now: object, path: str = "") -> Iterator[str]:
    """Yield a phrase for each value that differs between two nested JSON values."""
    if isinstance(saved, dict) and isinstance(now, dict):
        for key in sorted(saved.keys() | now.keys()):
            yield from _differences(saved.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    elif saved != now:
        yield f"{path} was {json.dumps(saved)} and is {json.dumps(now)}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
