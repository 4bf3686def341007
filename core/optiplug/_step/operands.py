"""What a step runs over on one device: variables as they are, rows of one, or a pack of small ones.

The compiled core reads and assigns a variable as it is by itself. Of rows and of packs it gets the
values, and returns what they become: gathering, scattering, joining and splitting are done outside,
where XLA neither compiles for each number of rows nor spends its time on a thousand operands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from optiplug._variables.packing import Pack
from optiplug.numerics import compute_dtype

__all__ = ["Joined", "Rows", "Unit"]


class Unit:
    """One of the things that a step runs over; by itself a variable with a dense gradient."""

    def __init__(self, gradient: Any) -> None:
        self.gradient = gradient

    def gather(self) -> dict[int, Any]:
        """Return the values that the core needs, by the `id` of what has them."""
        return {}

    def scatter(self, ends: Mapping[int, Any]) -> None:
        """Assign what became of them."""


class Joined(Unit):
    """A pack; `members` are this device's own, and without gradients the step only looks at them."""

    def __init__(self, pack: Pack, members: Sequence[Any], gradients: Sequence[Any] = ()) -> None:
        self._pack, self._members = pack, members
        dtype = compute_dtype(pack.dtype)
        super().__init__(pack.join(tf.cast(each, dtype) for each in gradients) if gradients else None)

    def gather(self) -> dict[int, Any]:
        return {id(self._pack): self._pack.join(map(tf.convert_to_tensor, self._members))}

    def scatter(self, ends: Mapping[int, Any]) -> None:
        if id(self._pack) in ends:
            values = self._pack.split(tf.cast(ends[id(self._pack)], self._pack.dtype))
            for member, value in zip(self._members, values, strict=True):
                member.assign(value, read_value=False)


class Rows(Unit):
    """Distinct rows of one variable and of its state, and the gradient summed for each.

    `variables` are these by their ids. The core sees the rows as if they were the whole, so time
    and memory are those of the rows. Their number is rounded up to a power of two, with zero
    gradients for the rest: XLA compiles once for each size it meets.
    """

    def __init__(self, gradient: tf.IndexedSlices, variables: Mapping[int, Any]) -> None:
        self._variables = variables
        self._indices, places = tf.unique(gradient.indices)
        size = _power_of_two_from(tf.size(gradient.indices))
        values = tf.cast(gradient.values, compute_dtype(gradient.dtype))
        super().__init__(tf.math.unsorted_segment_sum(values, places, size))
        self._count = tf.size(self._indices)
        self._padded = tf.pad(self._indices, [[0, size - self._count]])

    def gather(self) -> dict[int, Any]:
        return {key: tf.gather(variable, self._padded) for key, variable in self._variables.items()}

    def scatter(self, ends: Mapping[int, Any]) -> None:
        for key, variable in self._variables.items():
            if key in ends:
                rows = tf.cast(ends[key][: self._count], variable.dtype)
                variable.scatter_update(tf.IndexedSlices(rows, self._indices))


def _power_of_two_from(size: Any) -> Any:
    """Return the smallest power of two that is not below `size`, and 1 for 0."""
    bits = tf.math.ceil(
        tf.math.log(tf.cast(tf.maximum(size, 1), tf.float64)) / tf.math.log(tf.constant(2.0, tf.float64))
    )
    power = tf.bitwise.left_shift(tf.constant(1, size.dtype), tf.cast(bits, size.dtype))
    return tf.maximum(power, size)  # where the logarithm was rounded down
