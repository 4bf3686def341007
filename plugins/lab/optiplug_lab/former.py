"""Runs of optiplug 0.1, whose checkpoints had a manifest of step, config and checksums only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from optiplug.checkpoint import Manifest, SavedStep, identity_of, saved_steps
from optiplug.checkpoint.files import opened, read_whole, replace_file

from .command import read_config
from .config import WITHOUT_EFFECT, TrainConfig
from .folder import RunFolder
from .rows import LARGEST, rows_of

__all__ = ["FORMER", "adopt"]

FORMER = "The run is one of optiplug 0.1, which recorded neither data nor code: they are taken as they are."

_MANIFEST = "manifest.json"
_KEYS = {"step", "identity", "sha256"}
_LARGEST = 2**20


def adopt(folder: RunFolder, inputs: Mapping[str, Any]) -> bool:
    """Give the checkpoints of such a run manifests of today; return whether there were any.

    What was not recorded then, the data and the files of plugins, is taken to be as it is in `inputs`. A
    checkpoint that is damaged is left as it is.
    """
    former = {saved: told for saved in saved_steps(folder.checkpoints) if (told := _former(saved))}
    if not former:
        return False
    versions = read_config(folder.config_in_force).versions
    for saved, told in former.items():
        config = TrainConfig(**told["identity"], steps=1)
        identity = identity_of(config, replicas=config.devices, without=WITHOUT_EFFECT)
        known = {
            name: {**each, "version": versions.get(name, each["version"])}
            for name, each in inputs["versions"].items()
        }
        manifest = Manifest(
            step=saved.step,
            run=f"former-{hashlib.sha256(json.dumps(told['identity']).encode()).hexdigest()[:16]}",
            identity={**inputs, **identity, "versions": known},
            tables={"values": _table(saved.path / "values")},
            state_versions={},
            files={
                name: (told["sha256"][name], (saved.path / name).stat().st_size) for name in told["sha256"]
            },
            tensorflow=versions.get("tensorflow", ""),
            optiplug=versions.get("optiplug-core", ""),
            metadata={"metrics": _committed(folder.metrics, saved.step)},
        )
        replace_file(saved.path / _MANIFEST, manifest.dump())
    return True


def _former(saved: SavedStep) -> dict[str, Any] | None:
    """Return a manifest of that form, if its values are whole."""
    try:
        path = saved.path / _MANIFEST
        # A pipe in the place of one would never be read to its end.
        if not all(each.is_file() for each in saved.path.iterdir()):
            return None
        told = json.loads(read_whole(path, _LARGEST))
        if not isinstance(told, dict) or told.keys() != _KEYS or told["step"] != saved.step:
            return None
        sums = {each.name: _sha256(each) for each in saved.path.iterdir() if each.name != _MANIFEST}
        return told if isinstance(told["identity"], dict) and told["sha256"] == sums else None
    except (OSError, ValueError, RecursionError):
        return None


def _sha256(path: Path) -> str:
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(prefix: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    reader = tf.train.load_checkpoint(str(prefix))
    dtypes, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    return {name: (dtypes[name].name, tuple(shapes[name])) for name in shapes}


def _committed(path: Path, step: int) -> dict[str, object]:
    """Return what tells the rows up to a step, nothing if they are not all there, once each."""
    try:
        content = b"".join(read_whole(path, LARGEST).splitlines(keepends=True)[: step + 2])
        numbers = [row[0] for row in rows_of(content)[1:] if row]
    except (OSError, ValueError):
        return {}
    if numbers != [str(number) for number in range(step + 1)]:
        return {}
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
