"""What stands for a tensor or a variable without being one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

__all__ = ["TensorLike"]

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
_COMPARE = ("lt", "le", "gt", "ge")
_UNARY = ("neg", "abs", "getitem")
_OPERATORS = (*_BINARY, *(f"r{name}" for name in _BINARY), *_COMPARE, *_UNARY)

if TYPE_CHECKING:
    _Operators = Any  # the operators are set in a loop below, where a type checker does not see them
else:
    _Operators = object


class TensorLike(_Operators):  # type: ignore[misc]  # see above
    """Something that stands for a tensor: TensorFlow functions and operators accept it."""

    __array_priority__ = 200.0
    value: Any

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return tf.convert_to_tensor(self.value, dtype, name=name)

    def read_value(self) -> Any:
        """Return the current value as a tensor."""
        return self.value

    def assign(self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        """Replace the value; the arguments after the first are those of `tf.Variable` and unused."""
        raise NotImplementedError

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Any:
        """Add `delta` to the value."""
        return self.assign(self.value + tf.cast(delta, self.value.dtype))

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Any:
        """Subtract `delta` from the value."""
        return self.assign(self.value - tf.cast(delta, self.value.dtype))

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Add the rows of an `tf.IndexedSlices`."""
        return self.assign_add(tf.convert_to_tensor(sparse_delta))

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtract the rows of an `tf.IndexedSlices`."""
        return self.assign_sub(tf.convert_to_tensor(sparse_delta))

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Replace the rows of an `tf.IndexedSlices`."""
        rows = tf.expand_dims(sparse_delta.indices, -1)
        return self.assign(tf.tensor_scatter_nd_update(self.value, rows, sparse_delta.values))


def _operator(name: str) -> Any:
    dunder = f"__{name}__"

    def apply(self: TensorLike, *operands: Any) -> Any:
        return getattr(tf.convert_to_tensor(self.value), dunder)(*operands)

    apply.__name__ = dunder
    return apply


for _name in _OPERATORS:
    setattr(TensorLike, f"__{_name}__", _operator(_name))
