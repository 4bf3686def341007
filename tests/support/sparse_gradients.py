"""Sparse gradients as they come: rows twice, in any order, few, or none."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from references.training import Array


def rows_of(gradient: Array, random: Any, *, distinct: bool = False) -> tuple[Array, Any]:
    """Return (values, indices) that add up to some rows of a gradient; each of these comes once or more.

    The others are set to zero in `gradient`. Its values must have few digits, so that any dtype adds the
    parts up to exactly the whole. With `distinct`, no row comes twice.
    """
    count = gradient.shape[0]
    chosen = random.permutation(count)[: random.integers(0, count + 1)]
    gradient[np.setdiff1d(np.arange(count), chosen)] = 0
    parts = [
        (gradient[row] * share, row) for row in chosen for share in ([1.0] if distinct else _shares(random))
    ]
    order = random.permutation(len(parts))
    values = np.stack([parts[place][0] for place in order]) if parts else gradient[:0]
    return values, np.asarray([parts[place][1] for place in order], np.int64)


def _shares(random: Any) -> list[float]:
    return [[1.0], [0.5, 0.5], [0.25, 0.5, 0.25], [2.0, -1.0]][random.integers(4)]


def slices(values: Array, indices: Any, shape: Any, dtype: Any, index_dtype: Any = tf.int64) -> Any:
    """Return the tf.IndexedSlices of these rows."""
    return tf.IndexedSlices(
        tf.constant(values, dtype), tf.constant(indices, index_dtype), tf.constant(shape, index_dtype)
    )
