"""What a `fit` trains on: what tells it apart, and whether its place can be saved."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from .untyped import Batches, Dataset

__all__ = ["FitData", "copied"]

_SETTINGS = ("batch_size", "shuffle", "steps_per_epoch", "class_weight")


class FitData:
    """The data that a `fit` was called with, by the names of its arguments.

    Arrays are told apart by their content, other data by what its batches look like. `arrays` says
    whether it is given as a whole, which is what Keras shuffles.
    """

    def __init__(self, arguments: Mapping[str, Any], dataset: Dataset) -> None:
        self._settings = {name: str(arguments.get(name)) for name in _SETTINGS}
        self._element = str(dataset.element_spec)
        leaves = tf.nest.flatten([arguments.get(name) for name in ("x", "y", "sample_weight")])
        given = [each for each in leaves if each is not None]
        self.arrays = all(hasattr(each, "shape") or isinstance(each, int | float | str) for each in given)
        self.shuffled = bool(arguments.get("shuffle"))
        self._content = [*map(_content, given)] if self.arrays else None

    @property
    def identity(self) -> dict[str, Any]:
        """What tells it apart, as JSON."""
        return {**self._settings, "element": self._element, "content": self._content}


def copied(iterator: Batches, dataset: Dataset) -> Any:
    """Return an iterator at the same place, or in words why that cannot be saved.

    Iterators of one data set have the seeds of its coming epochs in common, and one near the end does not
    save them as they are. A copy that nothing is drawn from does.
    """
    if not isinstance(iterator, tf.data.Iterator):
        return "it is distributed over replicas"
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = tf.train.Checkpoint(iterator=iterator).write(str(Path(folder, "iterator")))
        except tf.errors.OpError as error:
            return str(error.message).rpartition("}} ")[2].partition(" [Op:")[0].rstrip(".")
        # To make it changes the seeds, and to restore it changes them back.
        copy = iter(dataset)
        tf.train.Checkpoint(iterator=copy).restore(path).expect_partial()
        return copy


def _content(value: Any) -> str:
    if not isinstance(value, np.ndarray | tf.Tensor):
        # Of others nobody knows what it takes to read them, such as a file.
        return f"{type(value).__qualname__} {getattr(value, 'shape', value)}"
    array = np.asarray(value)
    # Objects have addresses for bytes.
    content = b"" if array.dtype.hasobject else np.ascontiguousarray(array).data
    return f"{array.dtype} {array.shape} {hashlib.sha256(content).hexdigest()}"
