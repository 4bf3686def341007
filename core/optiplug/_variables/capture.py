"""Working variables, which stand for variables while a step is traced.

Reads give the current value, assignments are captured, and a commit writes everything captured
once, at the end. That makes a step a pure function of variables, state and gradients,
although its author writes ``variable.assign_sub(...)``.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt
import tensorflow as tf

from optiplug._tf_private import unique_id
from optiplug._types import DType, Shape, Tensor, Variable
from optiplug.errors import HookError
from optiplug.numerics import compute_dtype, where

from .branches import Branches, Scratches
from .effects import Effects
from .variable_like import VariableLike

__all__ = ["Frame", "Working", "current_frame", "open_frames"]


class _Values:
    """The values of one variable in one step, which all views of it share."""

    def __init__(self, old: Tensor | None, new: Tensor | None) -> None:
        self.old, self.new = old, new
        self.assignments = 0 if new is None else 1
        # Where the value is kept once a branch, a loop or a function has to do with it.
        self.scratch: Variable | None = None
        # What an update starts from, while it is watched, and what was added since; None after an assignment.
        self.watched: Tensor | None = None
        self.added: list[Tensor] | None = None


class Working(VariableLike):
    """One variable during one step: reads give its current value, assignments are captured.

    `dtype` is the dtype to compute in: float32 for half-precision variables, whose values are
    rounded once, at the commit, to the `stored_dtype`. `old` is the value at the start of the step,
    `path` the unique name of the variable. It may stand for small variables joined to one vector, or for
    `stacked` ones on a first axis, with the path of the first. TensorFlow accepts it as a tensor.

    Raises
    ------
    HookError
        If a value of another shape is assigned.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class Descent(optiplug.Optimizer):
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(0.5 * gradient)
    ...         print(variable.path, variable.shape, variable.dtype.name, variable.stored_dtype.name)
    >>> weight = tf.Variable([1.0, 2.0], dtype=tf.bfloat16, name="weight")
    >>> _ = Descent("descent", jit_compile=False).apply_gradients([(tf.ones(2, tf.bfloat16), weight)])
    weight (2,) float32 bfloat16
    """

    def __init__(
        self,
        frame: Frame,
        key: int,
        path: str,
        *,
        variable: Variable = None,
        start: Tensor = None,
        earlier: Tensor = None,
        dtype: DType | None = None,
        condition: Tensor | None = None,
        stacked: int = 0,
    ) -> None:
        self.frame, self.key, self._path, self.stacked = frame, key, path, stacked
        self.condition, self.always = condition, condition is None
        given = variable if start is None else start
        self.shape: Shape = given.shape
        self.stored_dtype: DType = given.dtype
        self.dtype: DType = dtype or compute_dtype(given.dtype)
        self._variable = variable
        start = start if earlier is None else earlier
        first = None if start is None else tf.cast(start, self.dtype)
        self._values = _Values(first, None if earlier is None else first)

    def __repr__(self) -> str:
        return f"<Working {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def path(self) -> str:
        """The unique name of the variable."""
        return self._path

    @property
    def _kept(self) -> Variable | None:
        return self._variable

    # A private name of TensorFlow, by which some classes written for Keras keep state.
    @property
    def _unique_id(self) -> str:
        return unique_id(self.ref().deref())

    @property
    def _has_array(self) -> bool:
        return False

    def numpy(self) -> npt.NDArray[Any]:
        """Refuse to tell the value, which is only known when the step runs.

        Raises
        ------
        HookError
            Always.
        """
        raise HookError(
            "a value is known when the step runs, not while it is traced",
            where=self.path,
            hint="use it as a tensor; `tf.where` and `tf.cond` decide by its value",
        )

    @property
    def old(self) -> Tensor:
        """The value at the start of the step."""
        # Read when it is first needed: a read of what nobody uses is one capture more.
        if self._values.old is None:
            # Not in the branch that may be traced just now: others read it too.
            with self.frame.branches.outside():
                # Not `read_value`, which is an identity more to trace and to translate.
                self._values.old = tf.cast(tf.convert_to_tensor(self._variable), self.dtype)
        return self._values.old

    def read_value(self) -> Tensor:
        """Return the current value: what was last assigned, or the value at the start of the step."""
        if self._values.scratch is None and self.frame.needs_scratch(self):
            self._take_scratch()
        if self._values.scratch is not None:
            return self._values.scratch.read_value()
        return self.old if self._values.new is None else self._values.new

    def _take_scratch(self) -> Variable:
        """Keep the value in a variable from now on."""
        if self._values.scratch is None:
            scratch = self.frame.scratch(self)
            # Before the construct, whose first operation comes later.
            with self.frame.branches.outside():
                scratch.assign(self.old if self._values.new is None else self._values.new, read_value=False)
            self._values.scratch = scratch
        return self._values.scratch

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Working:
        """Capture `value` as the new value of this variable."""
        self.frame.branches.require_order(self)
        # A hint and not a dtype: it applies to Python numbers, and a tensor of another dtype is cast.
        value = tf.cast(tf.convert_to_tensor(value, dtype_hint=self.dtype), self.dtype)
        if not value.shape.is_compatible_with(self.shape):
            raise HookError(
                f"a value of shape {self.shape} must be assigned",
                where=self.path,
                received=tuple(value.shape),
                hint="reduce or broadcast the value to the shape of the variable first",
            )
        new = self.frame.admitted(value, self.read_value(), self.condition)
        if self._values.scratch is not None or self.frame.branches.entered:
            self._take_scratch().assign(new, read_value=False)
        else:
            self._values.new = new
        self._values.assignments += 1
        self._values.added = None
        return self

    def assign_add(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Working:
        """Capture the current value plus `delta`."""
        delta = tf.cast(delta, self.dtype)
        return self._add(self.read_value() + delta, lambda: delta)

    def assign_sub(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Working:
        """Capture the current value less `delta`."""
        delta = tf.cast(delta, self.dtype)
        return self._add(self.read_value() - delta, lambda: -delta)

    def _add(self, total: Tensor, delta: Callable[[], Tensor]) -> Working:
        added = self._values.added
        self.assign(total)
        if added is not None and not self.frame.branches.entered:
            self._values.added = [*added, tf.broadcast_to(delta(), tf.shape(total))]
        return self

    def watch_update(self) -> None:
        """Keep what is added to the value from now on, as `update`."""
        self._values.watched, self._values.added = self.read_value(), []

    @property
    def update(self) -> Tensor:
        """What was added since `watch_update`, as it was proposed; of another assignment the difference.

        An update that is small beside its variable is mostly rounding error in a difference of values.
        """
        added = self._values.added
        return tf.add_n(added) if added else self.read_value() - self._values.watched

    def replace_update(self, update: Tensor) -> None:
        """Capture the value at `watch_update` plus another update."""
        self.assign(self._values.watched + update)
        self._values.added = [update]

    def unconditional(self) -> Working:
        """Return a view of the same variable whose assignments count whether it has a gradient or not."""
        if self.always:
            return self
        view = copy.copy(self)
        view.condition, view.always = None, True
        return view

    @property
    def assigned(self) -> bool:
        """Whether anything was assigned in this step."""
        return self._values.assignments > 0

    @property
    def assignments(self) -> int:
        """How often it was assigned in this step so far."""
        return self._values.assignments


class Frame:
    """One trace of a step on one device: its working variables and their commit.

    Parameters
    ----------
    components
        This device's own variable for the `id` of each (possibly distributed) variable.
    paths
        The unique name of each.
    starts
        The values that some of them start with, by `id`: rows, or a pack's. Who opened it writes `ends` back.
    dtypes
        The dtype to compute in, of those for which the one that they are kept in does not tell.
    earlier
        The values that an earlier part of the step has assigned and left to this one to write, by `id`.
    stacks
        The number of variables in each of those that are stacks, by `id`.
    conditions
        By `id`, the scalar boolean where which assignments count: whether there is a gradient at all.
    scratches
        The variables for what is assigned in branches.
    """

    def __init__(
        self,
        components: Mapping[int, Variable],
        paths: Mapping[int, str],
        starts: Mapping[int, Tensor] | None = None,
        dtypes: Mapping[int, DType] | None = None,
        *,
        earlier: Mapping[int, Tensor] | None = None,
        conditions: Mapping[int, Tensor] | None = None,
        stacks: Mapping[int, int] | None = None,
        scratches: Scratches | None = None,
    ) -> None:
        # Keys are ids: a tf.Variable is not hashable, and `==` compares its values.
        self.components, self._paths = components, paths
        self._starts, self._dtypes = starts or {}, dtypes or {}
        self._earlier, self._conditions, self._stacks = earlier or {}, conditions or {}, stacks or {}
        self._workings: dict[int, Working] = {}
        self._condition: Tensor | None = None
        self.branches = Branches(scratches or Scratches())
        self.effects = Effects()
        # What was assigned earlier is to be written even if nothing looks at it any more.
        for key in self._earlier:
            self._working(key)
        self.step: Any = None  # the Step that is traced in it; `_step` lies above this room

    def knows(self, key: int) -> bool:
        """Whether there is something in this step that has this `id`."""
        return key in self.components or key in self._starts

    def working(self, variable: Variable) -> Working:
        """Return the one working variable that stands for `variable` in this step."""
        key = id(variable)
        if not self.knows(key):
            raise HookError(
                "a step must reach what it changes through `step.variables`, or the variable it is given",
                where=self._paths.get(key, ""),
                received=getattr(variable, "name", variable),
                hint="small variables come joined; `pack_small_variables=False` keeps them apart",
            )
        return self._working(key)

    def _working(self, key: int) -> Working:
        if key not in self._workings:
            self._workings[key] = Working(
                self,
                key,
                self._paths[key],
                variable=self.components.get(key),
                start=self._starts.get(key),
                earlier=self._earlier.get(key),
                dtype=self._dtypes.get(key),
                condition=self._conditions.get(key),
                stacked=self._stacks.get(key, 0),
            )
        return self._workings[key]

    def require(self, condition: Tensor) -> None:
        """Make later assignments count only where a scalar boolean `condition` holds, too."""
        before = self._condition
        # Gates nest: a later one counts only where the earlier ones agreed (the-compiled-step.md).
        self._condition = condition if before is None else tf.logical_and(before, condition)

    @property
    def proceeds(self) -> Tensor:
        """Whether all that was required so far holds: a scalar boolean tensor."""
        return tf.constant(True) if self._condition is None else self._condition

    def admitted(self, new: Tensor, old: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return `new` where `condition` holds and no gate has stopped the step, else `old`."""
        # Selected when a value is captured: a selection at the commit makes XLA copy the whole buffer.
        for each in (condition, self._condition):
            new = new if each is None else where(each, new, old)
        return new

    def needs_scratch(self, working: Working) -> bool:
        """Whether a value that is read now has to be kept in a variable."""
        return self.branches.entered and self.branches.need_variable(working, self._place(working))

    def scratch(self, working: Working) -> Variable:
        """Return the variable in which the value of a working variable is kept inside of constructs."""
        return self.branches.scratch(working, self._place(working))

    def _place(self, working: Working) -> Variable:
        # A pack is no variable; it is where all else of this step is.
        own = self.components.get(working.key)
        return next(iter(self.components.values())) if own is None else own

    @property
    def assigned(self) -> list[Working]:
        """The working variables to which something was assigned."""
        return [working for working in self._workings.values() if working.assigned]

    @property
    def ends(self) -> dict[int, Tensor]:
        """The new values of those in `starts` to which something was assigned."""
        return {working.key: working.read_value() for working in self.assigned if working.key in self._starts}

    def captured(self, chosen: Callable[[int], bool] = bool) -> dict[int, Tensor]:
        """Return what is to be written to every other variable, or to those of chosen `id`s, by `id`."""
        assigned = [each for each in self.assigned if each.key not in self._starts and chosen(each.key)]
        return {each.key: _fitting(each.read_value(), self.components[each.key]) for each in assigned}

    def __enter__(self) -> Self:
        self.branches.enter()
        _thread.frames.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _thread.frames.pop()
        if error:
            self.branches.abandon()
        else:
            self.branches.require_own()


class _Thread(threading.local):
    # MirroredStrategy runs each replica in a thread of its own, and each traces its own step.
    def __init__(self) -> None:
        self.frames: list[Frame] = []


_thread = _Thread()


def current_frame() -> Frame | None:
    """Return the frame of the step being traced in this thread, or None outside of any step."""
    return _thread.frames[-1] if _thread.frames else None


def open_frames() -> tuple[Frame, ...]:
    """Return the frames of all steps being traced in this thread, one inside of the other."""
    return tuple(_thread.frames)


def _fitting(value: Tensor, variable: Variable) -> Tensor:
    value = tf.cast(value, variable.dtype)
    # A wrong shape that is only known at run time must fail before anything is written.
    return value if value.shape.is_fully_defined() else tf.ensure_shape(value, variable.shape)
