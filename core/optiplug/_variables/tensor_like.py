"""The base of objects that TensorFlow accepts in place of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug._tf_private import TensorStandIn
from optiplug._types import DType, Shape, Tensor

__all__ = ["BINARY", "CurrentValue", "TensorLike"]

BINARY = (
    *("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor"),
)
_COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")
_UNARY = ("neg", "abs", "invert", "getitem", "bool", "int", "float", "complex")
_OPERATORS = (*BINARY, *(f"r{name}" for name in BINARY), *_COMPARE, *_UNARY)

if TYPE_CHECKING:
    _Operators = Any  # the operators are set in a loop below, where a type checker does not see them
else:
    _Operators = object


class TensorLike(TensorStandIn, _Operators):  # type: ignore[misc]  # see above
    """An object that TensorFlow functions and operators accept in place of a tensor."""

    # Above NumPy's 0 and a tensor's 100: so `array * working` is computed by TensorFlow, not by NumPy.
    __array_priority__ = 200.0
    # By identity, although `==` compares elements: it may be a key, as no tensor may.
    __hash__ = object.__hash__

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        raise NotImplementedError

    def numpy(self) -> npt.NDArray[Any]:
        """Return the value as a NumPy array."""
        raise NotImplementedError

    @property
    def value(self) -> CurrentValue:
        """The current value as a tensor, which may also be called, as the `value()` of a `tf.Variable` is."""
        return CurrentValue(self.read_value())

    def __tf_tensor__(self, dtype: DType | None = None, name: str | None = None) -> Tensor:
        return tf.convert_to_tensor(self.read_value(), dtype, name=name)

    @property
    def _has_array(self) -> bool:
        """Whether the value is known as an array now."""
        return bool(tf.executing_eagerly())

    # Properties, since a tf.function makes a constant of each argument that has an `__array__`.
    @property
    def __array__(self) -> Callable[..., npt.NDArray[Any]]:
        if not self._has_array:
            raise AttributeError("__array__")
        return self._array

    @property
    def __array_interface__(self) -> NoReturn:
        if not self._has_array:
            self.numpy()  # raises; NumPy asks for this first, and would make an array of one object
        raise AttributeError("__array_interface__")

    def _array(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self.numpy(), dtype)

    def get_shape(self) -> Shape:
        """Return the static shape, as a `tf.Variable` does."""
        shape: Shape = self.shape
        return shape


class CurrentValue(TensorLike):
    """The value that a variable had when it was read.

    A tensor in all that is done with it; called, it returns that tensor. So `variable.value` and
    `variable.value()`, which `tf.Variable` has, are the same.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self.shape, self.dtype = tensor.shape, tensor.dtype

    def __repr__(self) -> str:
        return repr(self._tensor)

    def __call__(self) -> Tensor:
        return self._tensor

    def read_value(self) -> Tensor:
        return self._tensor

    def numpy(self) -> npt.NDArray[Any]:
        value: npt.NDArray[Any] = np.asarray(self._tensor)
        return value

    # What else a tensor has: asked only for names that are not defined here.
    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_tensor"), name)

    def __iter__(self) -> Any:
        return iter(self._tensor)

    def __len__(self) -> int:
        return len(self._tensor)

    def __index__(self) -> int:
        return int(self._tensor.__index__())


def _operator(name: str) -> Any:
    dunder = f"__{name}__"

    def apply(self: TensorLike, *operands: Tensor) -> Tensor:
        # The value is read at each use, as it changes with each assignment.
        return getattr(tf.convert_to_tensor(self.read_value()), dunder)(*operands)

    apply.__name__ = dunder
    return apply


# Set on the class: Python looks up operators there, and `__getattr__` is not asked.
for _name in _OPERATORS:
    setattr(TensorLike, f"__{_name}__", _operator(_name))
