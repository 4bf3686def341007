"""Shares of large variables: of each, one replica keeps the state of some elements, and updates those."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug._types import Gradient, Shape, Tensor, Variable

from .packing import Pack

__all__ = ["LARGEST_WHOLE", "Share"]

# Elements of the largest variable whose state every replica keeps. What is smaller may be in a pack, and adds
# little: with 50 vectors of this size beside 100 million elements, 1 in 120.
LARGEST_WHOLE = 16_384


class Share(Pack):
    """One variable of which each of some replicas updates a vector of elements; a step takes it for that.

    The elements are those of the flattened variable in their order. If they cannot be divided, the shares of
    the last replicas begin earlier, and overlap with those before: both compute the same there. With zeros
    instead, XLA makes other instructions for them, with other last bits.
    """

    def __init__(self, member: Variable, name: str, owner: str, replicas: int) -> None:
        self._replicas = replicas
        super().__init__([member], name, owner)

    @property
    def _size(self) -> int:
        size: int = self.member.shape.num_elements()
        return size

    @property
    def _length(self) -> int:
        length: int = self.shape[0]
        return length

    @property
    def member(self) -> Variable:
        """The variable."""
        return self.members[0]

    def _layout(self, shapes: Sequence[Shape]) -> Shape:
        # Rounded up: a share of each replica has the same shape, so all trace the same step.
        return tf.TensorShape([-(-shapes[0].num_elements() // self._replicas)])

    def of(self, value: Tensor, index: int) -> Tensor:
        """Return the share of the replica with an index, of the variable or of something of its shape."""
        begin = min(index * self._length, self._size - self._length)
        return tf.reshape(value, [-1])[begin : begin + self._length]

    def is_share(self, value: Gradient) -> bool:
        """Whether something is a share, and not of the shape of the variable."""
        # By their number: of two replicas or more, a share has fewer elements than the variable.
        size = value.shape.num_elements() if tf.is_tensor(value) else None
        return size == self._length < self._size

    def rows(self, value: Tensor) -> Tensor:
        """Return the shares of all replicas, as rows, of something of the shape of the variable."""
        if self._size == self._replicas * self._length:
            return tf.reshape(value, [self._replicas, self._length])
        return tf.stack([self.of(value, index) for index in range(self._replicas)])

    def whole(self, shares: Tensor) -> Tensor:
        """Return the whole from the shares of all replicas, one after the other or as rows."""
        vector, full = tf.reshape(shares, [-1]), self._size // self._length * self._length
        if full < self._size:
            # Of the next share only its end is missing.
            end = full + self._length
            vector = tf.concat([vector[:full], vector[end - (self._size - full) : end]], 0)
        elif vector.shape[0] != full:
            vector = vector[:full]
        return tf.reshape(vector, self.member.shape)
