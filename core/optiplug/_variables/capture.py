"""Working variables: what a step computes on while it is traced.

Reads give the current value, assignments are captured, and `Frame.commit` writes everything
captured once, at the end. That makes a step a pure function of variables, state and gradients,
although its author writes ``variable.assign_sub(...)``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import tensorflow as tf

from optiplug.errors import HookError
from optiplug.numerics import compute_dtype, where

from .packing import Part, assign_parts
from .tensor_like import TensorLike

__all__ = ["Frame", "Working", "current_frame"]


class Working(TensorLike):
    """One variable during one step.

    `dtype` is the dtype to compute in: float32 for half-precision variables, whose values are
    rounded once, at the commit, to the `stored_dtype`. `old` is the value at the start of the step,
    `path` the unique name of the variable.
    """

    def __init__(
        self,
        frame: Frame,
        key: int,
        path: str,
        *,
        variable: Any = None,
        start: Any = None,
        dtype: Any = None,
    ) -> None:
        self.frame, self.key, self.path, self.name = frame, key, path, path
        given = variable if start is None else start
        self.shape, self.stored_dtype = given.shape, given.dtype
        self.dtype = dtype or compute_dtype(given.dtype)
        self._variable = variable
        self._old: Any = None if start is None else tf.cast(start, self.dtype)
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


class Frame:
    """One trace of a step on one device: its working variables, and their commit.

    Parameters
    ----------
    components
        This device's own variable for the `id` of each (possibly distributed) variable.
    paths
        The unique name of each.
    starts
        The values that some of them have at the start of the step, by `id`: rows of a variable, or
        a pack's. Whoever opened the frame writes what becomes of these, `ends`, back.
    dtypes
        The dtype to compute in, of those for which the one that they are kept in does not tell.
    """

    def __init__(
        self,
        components: Mapping[int, Any],
        paths: Mapping[int, str],
        starts: Mapping[int, Any] | None = None,
        dtypes: Mapping[int, Any] | None = None,
    ) -> None:
        self._components, self._paths = components, paths
        self._starts, self._dtypes = starts or {}, dtypes or {}
        self._workings: dict[int, Working] = {}
        self.condition: Any = None
        self.step: Any = None

    def knows(self, key: int) -> bool:
        """Whether there is something in this step that has this `id`."""
        return key in self._components or key in self._starts

    def working(self, variable: Any) -> Working:
        """Return the one working variable that stands for `variable` in this step."""
        key = id(variable)
        if key not in self._workings:
            if not self.knows(key):
                raise HookError(
                    "a step must reach what it changes through `step.variables`, or the variable it is given",
                    where=self._paths.get(key, ""),
                    received=getattr(variable, "name", variable),
                    hint="small variables come joined; `pack_small_variables=False` keeps them apart",
                )
            self._workings[key] = Working(
                self,
                key,
                self._paths[key],
                variable=self._components.get(key),
                start=self._starts.get(key),
                dtype=self._dtypes.get(key),
            )
        return self._workings[key]

    def admitted(self, new: Any, old: Any) -> Any:
        """Return `new` where the step goes on and `old` where a gate has stopped it.

        The selection happens here, when a value is captured, because a selection at the commit
        makes XLA copy the whole buffer.
        """
        return new if self.condition is None else where(self.condition, new, old)

    @property
    def assigned(self) -> list[Working]:
        """The working variables to which something was assigned."""
        return [working for working in self._workings.values() if working.assigned]

    @property
    def ends(self) -> dict[int, Any]:
        """The new values of those in `starts` to which something was assigned."""
        return {working.key: working.value for working in self.assigned if working.key in self._starts}

    def commit(self, chosen: Callable[[int], bool] = bool) -> None:
        """Write every other captured value, each variable once, or those of chosen `id`s."""
        parts = {}
        captured = [working.key for working in self.assigned if working.key not in self._starts]
        for key in filter(chosen, captured):
            variable = self._components[key]
            value = tf.cast(self._workings[key].value, variable.dtype)
            if isinstance(variable, Part):
                parts[variable] = value
            else:
                variable.assign(value, read_value=False)
        assign_parts(parts)

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
