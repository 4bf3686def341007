"""What a slot is for one model variable: shape, dtype and first value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow as tf

from optiplug._types import DType, Shape, Tensor, Variable
from optiplug._variables.packing import Pack
from optiplug.numerics import compute_dtype

__all__ = ["SlotSpec"]

Initial: TypeAlias = float | str | Callable[[Variable], Tensor]


@dataclass(frozen=True)
class SlotSpec:
    """Shape, dtype and first value of a slot: each a value, a function of the model variable, or None.

    `stored_dtype` is what `state_dtype` asks for: a dtype, or "variable". A slot of real numbers is stored
    in it and computed in the dtype of its variable. By default the slots of variables in half precision
    are kept in float32: an average there loses what is small beside it, and cannot fall. The state of a
    complex variable is real if it is `real`. While the state called `summed_while` is not 0, each replica
    has a summand of its own.
    """

    shape: Sequence[int] | Shape | Callable[[Variable], Sequence[int]] | None = None
    dtype: DType | str | Callable[[Variable], DType] | None = None
    initial: Initial = 0.0
    stored_dtype: str | None = None
    real: bool = False
    summed_while: str | None = None

    def shape_for(self, variable: Variable) -> Shape:
        """Return the shape of the state of one model variable, by default its own."""
        shape = self.shape(variable) if callable(self.shape) else self.shape
        return variable.shape if shape is None else tf.TensorShape(shape)

    def dtype_for(self, variable: Variable) -> DType:
        """Return the dtype of the state of one model variable."""
        dtype = self.dtype(variable) if callable(self.dtype) else self.dtype
        if dtype is not None:
            return tf.as_dtype(dtype)
        own = self.own_dtype(variable)
        if self.stored_dtype == "variable" or not own.is_floating:
            return own
        return tf.as_dtype(self.stored_dtype or compute_dtype(own))

    def own_dtype(self, variable: Variable) -> DType:
        """Return the dtype that follows from that of one model variable."""
        return variable.dtype.real_dtype if self.real else variable.dtype

    def widens(self, variable: Variable) -> bool:
        """Whether the state is kept in more digits than its variable only because that is the default."""
        by_default = self.dtype is None and self.stored_dtype is None
        return by_default and self.dtype_for(variable) != self.own_dtype(variable)

    def initial_for(self, variable: Variable) -> Tensor | float:
        """Return the first value of the state of one model variable."""
        if self.initial == "variable":
            return variable.read_value()
        return self.initial(variable) if callable(self.initial) else self.initial

    def initial_joined(self, pack: Pack, dtype: DType) -> Tensor | float:
        """Return the first values for all members of a pack, joined as they are."""
        # A number is broadcast when the variable is created, so nothing has to be joined.
        if isinstance(self.initial, int | float):
            return self.initial
        starts = [tf.cast(self.initial_for(member), dtype) for member in pack.members]
        # A first value may be a scalar for a whole variable. Most are not, and each operation counts here:
        # a model may have thousands of members.
        shapes = map(self.shape_for, pack.members)
        return pack.join(
            start if start.shape == shape else tf.broadcast_to(start, shape)
            for start, shape in zip(starts, shapes, strict=True)
        )
