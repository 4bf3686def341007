"""What the data of a task are, in a few words: a run goes on with the same, or says that it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from optiplug import BrokenPluginError, Task

from .tasks import checked_batch

__all__ = ["data_identity"]

_LONGEST_TEXT = 100


def data_identity(task: Task, batch_size: int, seed: int) -> dict[str, object]:
    """Return what a task tells of its data in `data`, arrays and long texts as SHA-256 sums.

    Of a task that tells nothing, the first batch stands for all.

    Raises
    ------
    BrokenPluginError
        If `data` is no mapping, or has values of another sort.
    """
    told = getattr(task, "data", None)
    if told is None:
        batch = checked_batch(task, task.batch(tf.constant(0, tf.int64), batch_size, seed), batch_size)
        told = {f"first batch[{number}]": tensor for number, tensor in enumerate(batch)}
    where = f"{type(task).__name__}.data"
    if not isinstance(told, Mapping) or not all(isinstance(name, str) for name in told):
        rule = "must be a mapping of names to arrays, texts and numbers"
        raise BrokenPluginError(rule, where=where, received=told)
    return {name: _described(value, f"{where}[{name!r}]") for name, value in sorted(told.items())}


def _described(value: object, where: str) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"sha256:{_sha256(value.encode())}"
    if isinstance(value, bytes):
        return f"sha256:{_sha256(value)}"
    array = np.asarray(value)
    if array.dtype == object and not all(isinstance(each, str | bytes) for each in array.flat):
        rule = "must be an array of numbers or texts, a text or a number"
        raise BrokenPluginError(rule, where=where, received=value)
    if array.dtype == object:  # texts of any length
        return f"{array.dtype}{list(array.shape)} sha256:{_sha256(repr(array.tolist()).encode())}"
    # As bytes, and without a copy: not every dtype has a buffer of its own.
    held = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return f"{array.dtype}{list(array.shape)} sha256:{_sha256(held.data)}"


def _sha256(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
