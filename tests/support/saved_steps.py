"""Saved steps whose values nobody reads."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

from optiplug.checkpoint import steps
from optiplug.checkpoint.manifest import Manifest
from optiplug.checkpoint.steps import SavedStep, name_of

KNOWN = Manifest(
    step=600,
    run="run",
    identity={"config": {"rate": 0.1, "name": "é"}, "data": None},
    tables={"values": {"x": ("float32", (2, 3)), "y": ("string", ())}},
    state_versions={"optimizer": {"": 1}},
    files={"values.index": ("0" * 64, 5), "values.data-00000-of-00001": ("f" * 64, 2**40)},
    tensorflow="2.21.0",
    optiplug="0.1.0",
    metadata={"loss": [1.5, None, True]},
)


def save(folder, step, **content):
    """Write a step whose files have some content."""
    path = folder / name_of(step)
    path.mkdir(parents=True)
    files = {}
    for name in KNOWN.files:
        (path / name).write_bytes(os.urandom(700))
        files[name] = (hashlib.sha256((path / name).read_bytes()).hexdigest(), 700)
    manifest = replace(KNOWN, **{"step": step, "files": files, **content})
    (path / steps.MANIFEST).write_bytes(manifest.dump())
    return SavedStep(path, step)


def names(folder):
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())
