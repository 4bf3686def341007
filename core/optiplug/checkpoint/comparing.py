"""Compares the values of two saved steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._types import Array
from optiplug.errors import CorruptCheckpointError

from .steps import SavedStep

__all__ = ["ValueDifference", "value_differences"]


@dataclass(frozen=True)
class ValueDifference:
    """A tensor that two saved steps have in one dtype and shape, with other values.

    `elements` is how many of its `size` elements differ in any bit, and `largest` the largest absolute
    difference: 0 if only signs of zeros differ, NaN or infinite if a value is, None if they are no numbers.
    """

    key: str
    elements: int
    size: int
    largest: float | None


def value_differences(one: SavedStep, other: SavedStep) -> list[ValueDifference]:
    """Return what differs between the values of two steps, bit by bit, by key.

    Tensors that only one has, or has in another dtype or shape, are left to `differences` of the manifests.

    Raises
    ------
    CorruptCheckpointError
        If one of them is damaged.
    NewerCheckpointError
        If a later version of optiplug wrote one.
    """
    tables = [step.manifest.table for step in (one, other)]
    for step in (one, other):
        step.verify()
    common = [key for key, spec in sorted(tables[0].items()) if tables[1].get(key) == spec]
    pairs = zip(common, _values(one, common), _values(other, common), strict=True)
    found = (_difference(key, np.asarray(was), np.asarray(now)) for key, was, now in pairs)
    return [each for each in found if each.elements]


def _values(step: SavedStep, keys: list[str]) -> Iterator[Any]:
    """Yield the values of one step, each when it is asked for: all of them may not fit into memory twice."""
    tables = step.manifest.tables
    try:
        readers = {part: tf.train.load_checkpoint(str(step.path / part)) for part in tables}
        several = len(readers) > 1
        by_key = {
            f"{part}: {key}" if several else key: (readers[part], key)
            for part, table in tables.items()
            for key in table
        }
        for key in keys:
            reader, name = by_key[key]
            yield reader.get_tensor(name)
    except (tf.errors.OpError, ValueError) as error:
        raise CorruptCheckpointError(f"the values cannot be read: {error}", where=str(step.path)) from error


def _difference(key: str, was: Array, now: Array) -> ValueDifference:
    if was.dtype.kind in "OSU":
        return ValueDifference(key, int(np.count_nonzero(was != now)), was.size, None)
    # Bit by bit: NaN is equal to itself, and 0.0 is not -0.0.
    bits = [np.ascontiguousarray(each).reshape(-1).view(np.uint8) for each in (was, now)]
    differs = (bits[0] != bits[1]).reshape(was.size, was.dtype.itemsize).any(axis=1)
    wide = np.complex128 if was.dtype.kind == "c" else np.float64
    first, second = (each.reshape(-1)[differs].astype(wide) for each in (was, now))
    with np.errstate(invalid="ignore", over="ignore"):
        largest = float(np.max(np.abs(first - second), initial=0.0))
    return ValueDifference(key, int(np.count_nonzero(differs)), was.size, largest)
