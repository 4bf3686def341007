"""The rows of a variable that a sparse gradient touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from .numerics import compute_dtype

__all__ = ["Rows"]


class Rows:
    """Distinct rows of one variable, and the gradient summed for each.

    The compiled core sees the rows as if they were the whole variable, and never the variable
    itself, so time and memory are those of the rows. Their number is rounded up to a power of
    two, with zero gradients for the rest: XLA compiles once for each size it meets.
    """

    def __init__(self, gradient: tf.IndexedSlices) -> None:
        self._indices, places = tf.unique(gradient.indices)
        size = _power_of_two_from(tf.size(gradient.indices))
        self.gradient = tf.math.unsorted_segment_sum(
            tf.cast(gradient.values, compute_dtype(gradient.dtype)), places, size
        )
        self._count = tf.size(self._indices)
        self._padded = tf.pad(self._indices, [[0, size - self._count]])

    def gather(self, variables: Sequence[Any]) -> list[Any]:
        """Return these rows of each variable."""
        return [tf.gather(variable, self._padded) for variable in variables]

    def scatter(self, variables: Sequence[Any], values: Sequence[Any]) -> None:
        """Replace these rows of each variable."""
        for variable, value in zip(variables, values, strict=True):
            variable.scatter_update(
                tf.IndexedSlices(tf.cast(value[: self._count], variable.dtype), self._indices)
            )


def _power_of_two_from(size: Any) -> Any:
    """Return the smallest power of two that is not below `size`, and 1 for 0."""
    bits = tf.math.ceil(
        tf.math.log(tf.cast(tf.maximum(size, 1), tf.float64)) / tf.math.log(tf.constant(2.0, tf.float64))
    )
    power = tf.bitwise.left_shift(tf.constant(1, size.dtype), tf.cast(bits, size.dtype))
    return tf.maximum(power, size)  # where the logarithm was rounded down
