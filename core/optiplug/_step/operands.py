"""Operands of a step on one device: single variables, rows of a table, or packs of small variables.

The compiled core reads and assigns single variables itself. Of rows and packs it gets the values, and
returns the new ones. Gathering, scattering, joining and splitting are done outside: there XLA does not
compile for each number of rows, nor for a thousand operands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from optiplug._types import Tensor, Variable
from optiplug._variables.packing import Pack
from optiplug.numerics import compute_dtype

__all__ = ["JoinedOperand", "Operand", "RowsOperand"]


class Operand:
    """A variable with a dense gradient; base of the other operands."""

    def __init__(self, gradient: Tensor | None) -> None:
        self.gradient = gradient

    def gather(self) -> dict[int, Tensor]:
        """Return the values that the core needs, by the `id` of their variable or pack."""
        return {}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        """Assign the new values, by the same ids."""


class JoinedOperand(Operand):
    """A pack; `members` are this device's own variables. Without gradients, hooks may still read it."""

    def __init__(self, pack: Pack, members: Sequence[Variable], gradients: Sequence[Tensor] = ()) -> None:
        self._pack, self._members = pack, members
        dtype = compute_dtype(pack.dtype)
        # Joined outside of the cluster: 1,000 variables take 4 ms, not 26 to 30 (docs/design/performance.md).
        super().__init__(pack.join(tf.cast(each, dtype) for each in gradients) if gradients else None)

    def gather(self) -> dict[int, Tensor]:
        return {id(self._pack): self._pack.join(map(tf.convert_to_tensor, self._members))}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        if id(self._pack) in ends:
            values = self._pack.split(tf.cast(ends[id(self._pack)], self._pack.dtype))
            for member, value in zip(self._members, values, strict=True):
                member.assign(value, read_value=False)  # no operation that reads the new value back


class RowsOperand(Operand):
    """Distinct rows of one variable and of its state, and the gradient summed for each.

    `variables` are these by their ids. The core sees the rows as if they were the whole, so time
    and memory are those of the rows. Their number is rounded up to a power of two, with zero
    gradients for the rest: XLA compiles once for each size it meets.
    """

    def __init__(self, gradient: tf.IndexedSlices, variables: Mapping[int, Variable]) -> None:
        self._variables = variables
        # Outside of the cluster: XLA cannot compile a number of rows that depends on values.
        self._indices, row_of = tf.unique(gradient.indices)
        size = _power_of_two_from(tf.size(gradient.indices))
        # Cast before the sum: 64 additions of 2^-10 to 1 change nothing in bfloat16 (the-compiled-step.md).
        values = tf.cast(gradient.values, compute_dtype(gradient.dtype))
        super().__init__(tf.math.unsorted_segment_sum(values, row_of, size))
        self._count = tf.size(self._indices)
        # Row 0 is read in the place of what is missing, and never written: `scatter` drops it.
        self._padded = tf.pad(self._indices, [[0, size - self._count]])

    def gather(self) -> dict[int, Tensor]:
        return {key: tf.gather(variable, self._padded) for key, variable in self._variables.items()}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        for key, variable in self._variables.items():
            if key in ends:
                # Only the rows that were given; the padding would overwrite row 0 with a second value.
                rows = tf.cast(ends[key][: self._count], variable.dtype)
                variable.scatter_update(tf.IndexedSlices(rows, self._indices))


def _power_of_two_from(size: Tensor) -> Tensor:
    """Return the smallest power of two that is not below `size`, and 1 for 0."""
    # In float64, which holds every number of rows exactly.
    bits = tf.math.ceil(
        tf.math.log(tf.cast(tf.maximum(size, 1), tf.float64)) / tf.math.log(tf.constant(2.0, tf.float64))
    )
    power = tf.bitwise.left_shift(tf.constant(1, size.dtype), tf.cast(bits, size.dtype))
    return tf.maximum(power, size)  # where the logarithm was rounded down
