"""The base of objects that TensorFlow accepts in place of a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import tensorflow as tf

from optiplug._types import DType, Shape, Tensor
from optiplug.errors import HookError

__all__ = ["TensorLike"]

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
_COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")
_UNARY = ("neg", "abs", "getitem")
_OPERATORS = (*_BINARY, *(f"r{name}" for name in _BINARY), *_COMPARE, *_UNARY)

if TYPE_CHECKING:
    _Operators = Any  # the operators are set in a loop below, where a type checker does not see them
else:
    _Operators = object


class TensorLike(_Operators):  # type: ignore[misc]  # see above
    """An object that TensorFlow functions and operators accept in place of a tensor."""

    # Above NumPy's 0 and a tensor's 100: so `array * working` is computed by TensorFlow, not by NumPy.
    __array_priority__ = 200.0
    # By identity, although `==` compares elements: it may be a key, as no tensor may.
    __hash__ = object.__hash__

    @property
    def value(self) -> Tensor:
        """The current value as a tensor."""
        raise NotImplementedError

    def __tf_tensor__(self, dtype: DType | None = None, name: str | None = None) -> Tensor:
        return tf.convert_to_tensor(self.value, dtype, name=name)

    def get_shape(self) -> Shape:
        """Return the static shape, as a `tf.Variable` does."""
        shape: Shape = self.value.shape
        return shape

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        return self.value

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> TensorLike:
        """Replace the value; the arguments after the first are those of `tf.Variable` and unused."""
        raise NotImplementedError

    def assign_add(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> TensorLike:
        """Add `delta` to the value."""
        return self.assign(self.value + tf.cast(delta, self.value.dtype))

    def assign_sub(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> TensorLike:
        """Subtract `delta` from the value."""
        return self.assign(self.value - tf.cast(delta, self.value.dtype))

    def scatter_add(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> TensorLike:
        """Add the rows of a `tf.IndexedSlices`."""
        return self.assign_add(tf.convert_to_tensor(sparse_delta))

    def scatter_sub(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> TensorLike:
        """Subtract the rows of a `tf.IndexedSlices`."""
        return self.assign_sub(tf.convert_to_tensor(sparse_delta))

    def scatter_update(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> TensorLike:
        """Replace the rows of a `tf.IndexedSlices`."""
        rows = tf.expand_dims(sparse_delta.indices, -1)
        return self.assign(tf.tensor_scatter_nd_update(self.value, rows, sparse_delta.values))


def _operator(name: str) -> Any:
    dunder = f"__{name}__"

    def apply(self: TensorLike, *operands: Tensor) -> Tensor:
        # The value is read at each use, as it changes with each assignment.
        return getattr(tf.convert_to_tensor(self.value), dunder)(*operands)

    apply.__name__ = dunder
    return apply


def _refused_in_place(name: str) -> Any:
    def refuse(self: TensorLike, _: Tensor) -> NoReturn:
        # Python would give the name another value, and the variable would silently keep its own.
        raise HookError(
            "a variable cannot be changed by an operator",
            where=getattr(self, "path", ""),
            received=f"__i{name}__",
            hint="use `assign`, `assign_add` or `assign_sub`",
        )

    refuse.__name__ = f"__i{name}__"
    return refuse


# Set on the class: Python looks up operators there, and `__getattr__` is not asked.
for _name in _OPERATORS:
    setattr(TensorLike, f"__{_name}__", _operator(_name))
for _name in _BINARY:
    setattr(TensorLike, f"__i{_name}__", _refused_in_place(_name))
