"""Reads the state of an optimizer from a checkpoint, by name, without an optimizer."""

from __future__ import annotations

import glob
import math
import re
from collections import defaultdict
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._regular_file import opened
from optiplug._types import Array
from optiplug.errors import StateError

from .arrays import arrays_by_name
from .manifest import WIDENED, Description, parsed, version_key

__all__ = ["read_state", "taken_apart", "versions_of"]

# The key format of TensorFlow's object graph; `packed` is where a SavedModel keeps joined variables.
_STATE = re.compile(r"(?:(.*)/)?state/(?:by_name|packed)/([^/]+)/\.ATTRIBUTES/VARIABLE_VALUE")


def read_state(checkpoint: str | PathLike[str], optimizer: str | None = None) -> dict[str, Any]:
    """Return the state that a `tf.train.Checkpoint` holds of an optimizer, an array for each name.

    `load_own_variables` takes it: all or nothing, and converted if a plugin's older version saved
    it. In between names and values can be changed, to load what would not fit otherwise.

    Parameters
    ----------
    checkpoint
        The path of a checkpoint, or of a folder with checkpoints: then the newest.
    optimizer
        Path of the optimizer in the checkpoint, such as ``"optimizer"``; needed if there are several.

    Raises
    ------
    StateError
        If there is no such checkpoint, no such optimizer in it, or more than one, or if the description
        of its state is malformed.

    Examples
    --------
    >>> import optiplug, tempfile, tensorflow as tf
    >>> first, second = (optiplug.create("sgd", learning_rate=rate) for rate in (0.5, 0.1))
    >>> weight = tf.Variable(1.0)
    >>> first.build([weight]), second.build([weight])
    (None, None)
    >>> path = tf.train.Checkpoint(optimizer=first).write(tempfile.mkdtemp() + "/checkpoint")
    >>> second.load_own_variables(optiplug.read_state(path))
    >>> float(second.learning_rate)
    0.5
    """
    try:
        _require_files(fspath(checkpoint))
        reader = tf.train.load_checkpoint(fspath(checkpoint))
    except (ValueError, OSError, tf.errors.OpError) as error:
        raise StateError(
            f"there is no checkpoint that can be read: {error}", where=fspath(checkpoint)
        ) from error
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for key in reader.get_variable_to_shape_map():
        match = _STATE.fullmatch(key)
        if match:
            name = _unescaped(match[2]).removesuffix(WIDENED)
            if name in found[match[1] or ""]:
                raise _twice(fspath(checkpoint), name)
            found[match[1] or ""][name] = key
    matching = [each for each in found if optimizer in (None, each)]
    if len(matching) != 1:
        raise StateError(
            "the checkpoint must hold one such optimizer",
            where=fspath(checkpoint),
            received=optimizer,
            hint=f"name one of {sorted(found)}" if found else "it holds no state of an optimizer of optiplug",
        )
    where, key = fspath(checkpoint), f"{matching[0]}/manifest/.ATTRIBUTES/py_state".lstrip("/")
    empty: Description = {"versions": {}, "state": {}, "packs": {}, "variables": {}, "alike": {}}
    try:
        # Only now: a checkpoint may hold a whole model beside this optimizer.
        values = {name: reader.get_tensor(key) for name, key in found[matching[0]].items()}
        manifest = parsed(reader.get_tensor(key), where) if reader.has_tensor(key) else empty
    except tf.errors.OpError as error:
        raise StateError(f"the checkpoint is damaged: {error}", where=where) from error
    return {**taken_apart(arrays_by_name(values, where), manifest, where), **versions_of(manifest)}


def _require_files(checkpoint: str) -> None:
    """Check that what TensorFlow opens are regular files: it would wait for the other end of a pipe."""
    path = Path(checkpoint)
    folder, names = (path, "*") if path.is_dir() else (path.parent, f"{glob.escape(path.name)}.*")
    for each in folder.glob(names):
        if not each.is_dir():
            opened(each).close()


def versions_of(manifest: Description) -> dict[str, Any]:
    """Return the versions of saved state that are not 1, under the names that `load_own_variables` knows."""
    versions = manifest["versions"].items()
    return {version_key(owner): np.int64(version) for owner, version in versions if version != 1}


def taken_apart(values: dict[str, Array], manifest: Description, where: str) -> dict[str, Array]:
    """Split the joined variables of a SavedModel into the state variables that have a name."""
    for whole in manifest["packs"].keys() & values.keys():
        names, vector = manifest["packs"][whole], values.pop(whole)
        shapes = [tuple(size or 0 for size in manifest["state"][name][1]) for name in names]
        sizes = list(map(math.prod, shapes))
        if vector.shape not in {(sum(sizes),), (len(names), *shapes[0])}:
            rule = "a joined variable must have the elements of its parts"
            raise StateError(rule, where=f"{where}: {whole}", received=vector.shape, hint=f"they are {sizes}")
        ends = np.cumsum(sizes)
        for name, shape, piece in zip(names, shapes, np.split(vector.reshape(-1), ends[:-1]), strict=True):
            if name in values:
                raise _twice(where, name)
            values[name] = piece.reshape(shape)
    # Sorted, as the order of the keys in a checkpoint means nothing.
    return dict(sorted(values.items()))


def _twice(where: str, name: str) -> StateError:
    return StateError("each state must be there once; nothing was changed", where=where, received=name)


def _unescaped(name: str) -> str:
    """Undo what a checkpoint does to the keys of a dictionary."""
    # TensorFlow writes "/" as ".S" and "." as "..", since "/" separates its keys.
    return re.sub(r"\.(.)", lambda match: "/" if match[1] == "S" else match[1], name)
