"""A run that never was, with saved steps that tell of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optiplug.checkpoint.steps import MANIFEST

from .saved_steps import save

ENDING = ".ATTRIBUTES/VARIABLE_VALUE"
TABLE = {
    f"model/dense/kernel/{ENDING}": ("float32", (64, 10)),
    f"optimizer/state/by_name/iterations/{ENDING}": ("int64", ()),
    f"optimizer/state/by_name/momentum.Sdense.Skernel/{ENDING}": ("float32", (64, 10)),
}


def saved_step(folder: Path, step: int, **changes: Any) -> Path:
    """Save a step; `changes` are of what it tells."""
    known: dict[str, Any] = {
        "run": "5f2b9c",
        "identity": {
            "config": {"optimizer": {"use": "sgd", "learning_rate": 0.1}, "batch_size": 128},
            "versions": {"optiplug-sgd": {"version": "1.0", "sha256": "1f" * 32}},
            "replicas": 1,
        },
        "tables": {"values": TABLE},
        "state_versions": {"optimizer": {"": 1, "ema": 2}},
        "metadata": {"loss": 1 / step},
    }
    return save(folder, step, **{**known, **changes}).path


def saved_run(folder: Path) -> Path:
    """Write a run of three steps: the newest is damaged."""
    steps = folder / "checkpoints"
    saved_step(steps, 200)
    identity = {"config": {"optimizer": {"use": "sgd", "learning_rate": 0.05}}, "replicas": 2}
    saved_step(steps, 400, identity=identity)
    newest = saved_step(steps, 600)
    (newest / MANIFEST).write_bytes((newest / MANIFEST).read_bytes().replace(b"600", b"700"))
    return folder
