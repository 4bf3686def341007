"""Saved steps of a run that never was, written without TensorFlow."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from optiplug.checkpoint import Manifest
from optiplug.checkpoint.steps import MANIFEST, name_of

ENDING = ".ATTRIBUTES/VARIABLE_VALUE"
TABLE = {
    f"model/dense/kernel/{ENDING}": ("float32", (64, 10)),
    f"optimizer/state/by_name/iterations/{ENDING}": ("int64", ()),
    f"optimizer/state/by_name/momentum.Sdense.Skernel/{ENDING}": ("float32", (64, 10)),
}


def saved_step(folder: Path, step: int, **changes: Any) -> Path:
    """Write a step with files of a few bytes; `changes` are of its manifest."""
    path = folder / name_of(step)
    path.mkdir(parents=True)
    files = {"values.index": b"index", "values.data-00000-of-00001": b"values of %d" % step}
    for name, content in files.items():
        (path / name).write_bytes(content)
    known: dict[str, Any] = {
        "run": "5f2b9c",
        "identity": {
            "config": {"optimizer": {"use": "sgd", "learning_rate": 0.1}, "batch_size": 128},
            "versions": {"optiplug-sgd": {"version": "1.0", "sha256": "1f" * 32}},
            "replicas": 1,
        },
        "tables": {"values": TABLE},
        "state_versions": {"optimizer": {"": 1, "ema": 2}},
        "tensorflow": "2.21.0",
        "optiplug": "1.0",
        "metadata": {"loss": 1 / step},
    }
    sums = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    manifest = Manifest(step=step, files=sums, **{**known, **changes})
    (path / MANIFEST).write_bytes(manifest.dump())
    return path


def saved_run(folder: Path) -> Path:
    """Write a run of three steps: the newest is damaged."""
    steps = folder / "checkpoints"
    saved_step(steps, 200)
    identity = {"config": {"optimizer": {"use": "sgd", "learning_rate": 0.05}}, "replicas": 2}
    saved_step(steps, 400, identity=identity)
    newest = saved_step(steps, 600)
    (newest / MANIFEST).write_bytes((newest / MANIFEST).read_bytes().replace(b"600", b"700"))
    return folder
