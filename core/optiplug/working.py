"""Working variables: what a step computes on while it is traced.

Reads give the current value, assignments are captured, and `Frame.commit` writes everything
captured once, at the end. That makes a step a pure function of variables, state and gradients,
although its author writes ``variable.assign_sub(...)``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import tensorflow as tf

from .errors import HookError
from .numerics import compute_dtype, select

__all__ = ["Frame", "TensorLike", "Working", "current_frame"]

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


class Working(TensorLike):
    """One variable during one step.

    `dtype` is the dtype to compute in: float32 for half-precision variables, whose values are
    rounded once, at the commit. `old` is the value at the start of the step, `path` the unique
    name of the variable.
    """

    def __init__(self, frame: Frame, variable: Any, key: int, path: str, rows: Any = None) -> None:
        self.frame, self.key, self.path, self.name = frame, key, path, path
        self.shape = variable.shape if rows is None else rows.shape
        self.dtype = compute_dtype(variable.dtype)
        self._variable = variable
        self._old: Any = None if rows is None else tf.cast(rows, self.dtype)
        self._new: Any = None

    def __repr__(self) -> str:
        return f"<Working {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def old(self) -> Any:
        """The value at the start of the step."""
        if self._old is None:
            self._old = tf.cast(self._variable.read_value(), self.dtype)
        return self._old

    @property
    def value(self) -> Any:
        """The current value: what was last assigned, or the value at the start of the step."""
        return self.old if self._new is None else self._new

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Working:
        """Capture `value` as the new value of this variable."""
        value = tf.cast(tf.convert_to_tensor(value, dtype_hint=self.dtype), self.dtype)
        if not value.shape.is_compatible_with(self.shape):
            raise HookError(
                f"a value of shape {self.shape} must be assigned",
                where=self.path,
                received=tuple(value.shape),
                hint="reduce or broadcast the value to the shape of the variable first",
            )
        self._new = self.frame.admitted(value, self.value)
        return self

    @property
    def assigned(self) -> bool:
        """Whether anything was assigned in this step."""
        return self._new is not None

    def commit(self) -> None:
        """Write the captured value to the variable."""
        self._variable.assign(tf.cast(self._new, self._variable.dtype), read_value=False)


class Frame:
    """One trace of a step on one device: its working variables, and their commit.

    Parameters
    ----------
    components
        This device's own variable for the `id` of each (possibly distributed) variable.
    paths
        The unique name of each.
    rows
        Of some variables, the rows that this step is about: they stand for the whole variable,
        and whoever opened the frame writes them back.
    """

    def __init__(
        self, components: Mapping[int, Any], paths: Mapping[int, str], rows: Mapping[int, Any] | None = None
    ) -> None:
        self._components, self._paths, self._rows = components, paths, rows or {}
        self._workings: dict[int, Working] = {}
        self.condition: Any = None
        self.step: Any = None

    def working(self, variable: Any) -> Working:
        """Return the one working variable that stands for `variable` in this step."""
        key = id(variable)
        if key not in self._workings:
            own, rows = self._components[key], self._rows.get(key)
            self._workings[key] = Working(self, own, key, self._paths[key], rows)
        return self._workings[key]

    def admitted(self, new: Any, old: Any) -> Any:
        """Return `new` where the step goes on and `old` where a gate has stopped it.

        The selection happens here, when a value is captured, because a selection at the commit
        makes XLA copy the whole buffer.
        """
        return new if self.condition is None else select(self.condition, new, old)

    @property
    def assigned(self) -> list[Working]:
        """The working variables to which something was assigned."""
        return [working for working in self._workings.values() if working.assigned]

    def commit(self) -> None:
        """Write every captured value, each variable once."""
        for working in self.assigned:
            if working.key not in self._rows:
                working.commit()

    def __enter__(self) -> Self:
        _frames().append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _frames().pop()


_thread = threading.local()


def _frames() -> list[Frame]:
    if not hasattr(_thread, "frames"):
        _thread.frames = []
    frames: list[Frame] = _thread.frames
    return frames


def current_frame() -> Frame | None:
    """Return the frame of the step being traced in this thread, or None outside of any step."""
    frames = _frames()
    return frames[-1] if frames else None
