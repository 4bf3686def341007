"""Branches, loops and functions inside of a step, and the variables for what is assigned in them.

A tensor is worked out once. What is assigned in a branch that may not run, or read in a body that runs
many times, has to be kept in a variable, as outside of a step.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import branching, captured_by, plain_variable
from optiplug._types import DType, Shape, Variable
from optiplug.errors import HookError

__all__ = ["Branches", "Scratches", "StepMustBeTraced"]

_FUNCTION = "the function"  # as `branching` names them


class StepMustBeTraced(HookError):  # noqa: N818  # a request more than an error
    """A function inside of a step that runs operation by operation would keep the values of this step."""

    def __init__(self) -> None:
        super().__init__(
            "a tf.function cannot use variables of an optimizer where nothing is traced",
            hint="leave `@tf.function` out",
        )


class Scratches:
    """The scratch variables of one optimizer, made once for each variable and used by every trace.

    They are no state: each step that uses one begins with assigning it. `in_functions` tells whether a
    `tf.function` inside of a step has ever used one.
    """

    def __init__(self) -> None:
        self.in_functions = False
        self._made: dict[tuple[object, ...], Variable] = {}

    def get(self, key: int, name: str, shape: Shape, dtype: DType, device: str) -> Variable:
        """Return the scratch variable of what has this `id`, on this device."""
        place = key, device, dtype
        if place not in self._made:
            self._made[place] = plain_variable(shape, dtype, device, name)
        return self._made[place]

    @property
    def variables(self) -> list[Variable]:
        """All of them."""
        return list(self._made.values())


class _Valued(Protocol):
    """A working variable, as far as it matters here."""

    key: int
    shape: Shape
    dtype: DType

    @property
    def path(self) -> str: ...


class Branches:
    """The constructs inside of one trace of a step: which one is traced now, and the scratches in use."""

    def __init__(self, scratches: Scratches) -> None:
        self._scratches = scratches
        self._step: tf.Graph | None = None
        self._in_use: set[int] = set()
        self._scope = tf.compat.v1.get_variable_scope()
        self._caching_device = self._scope.caching_device

    def enter(self) -> None:
        """Let what is traced now be the step itself."""
        self._step = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

    def abandon(self) -> None:
        """Undo what TensorFlow leaves behind in the process where a trace ends with an error."""
        # An error inside of `tf.map_fn` leaves this set, and then no strategy's scope can be entered.
        if self._scope.caching_device is not self._caching_device:
            with tf.Graph().as_default():  # an eager scope refuses to be told
                self._scope.set_caching_device(self._caching_device)

    @property
    def entered(self) -> bool:
        """Whether a function inside of the one that the step is traced into is being traced."""
        return not tf.executing_eagerly() and tf.compat.v1.get_default_graph() is not self._step

    def outside(self) -> AbstractContextManager[object]:
        """Return the context in which operations are part of the step itself."""
        if not self.entered:
            return nullcontext()
        if self._step is None:
            raise StepMustBeTraced
        context: AbstractContextManager[object] = self._step.as_default()
        return context

    def need_variable(self, working: _Valued, place: Variable) -> bool:
        """Whether a value that is read now may have been assigned since when that is run again.

        That is so in a loop, in which it could be assigned, and in a function, which is called again.
        """
        constructs = self._constructs()
        looped = "a loop" in constructs and self._refusal(working, place) == ""
        return looped or any(each.startswith(_FUNCTION) for each in constructs)

    @staticmethod
    def _refusal(working: _Valued, place: Variable) -> str:
        """Return why there can be no scratch variable; empty if there can be one."""
        if distribution.mesh_of(place) is not None:
            return "on a mesh"
        return "" if working.shape.is_fully_defined() else "of which a step has some rows"

    def _constructs(self) -> list[str]:
        return branching(tf.compat.v1.get_default_graph(), self._step) if self.entered else []

    def require_order(self, working: _Valued) -> None:
        """Refuse an assignment where all runs of a body happen at once.

        Raises
        ------
        HookError
            If the body of a `tf.vectorized_map` is being traced.
        """
        # TensorFlow traces it in place and rewrites it afterwards; only the scope of names shows it.
        if re.search(r"(^|/)loop_body(_\d+)?(/|$)", tf.get_current_name_scope()):
            raise HookError(
                "a variable cannot be assigned inside of tf.vectorized_map",
                where=working.path,
                hint="use `tf.map_fn`, or assign what `tf.vectorized_map` returns",
            )

    def scratch(self, working: _Valued, place: Variable) -> Variable:
        """Return the variable for the value of a working variable, on the device of `place`.

        Raises
        ------
        HookError
            If there can be none.
        """
        if self._step is None:
            raise StepMustBeTraced
        constructs = self._constructs()
        refusal = self._refusal(working, place)
        if refusal:
            raise HookError(
                f"a variable {refusal} cannot be used inside of {' inside of '.join(constructs)}",
                where=working.path,
                hint="read it before, let the construct return the new value, and assign that",
            )
        self._scratches.in_functions |= any(each.startswith(_FUNCTION) for each in constructs)
        name = f"scratch/{working.path}"
        scratch = self._scratches.get(working.key, name, working.shape, working.dtype, place.device)
        self._in_use.add(id(scratch))
        return scratch

    def require_own(self) -> None:
        """Refuse scratches of other traces, which come with a function that was traced in one of those.

        Raises
        ------
        HookError
            If there are any: the function would read and assign what belongs to another step.
        """
        others = [each for each in self._scratches.variables if id(each) not in self._in_use]
        if self._step is not None and others and captured_by(self._step, others):
            raise HookError(
                "a tf.function inside of a step keeps the variables of the step that it was traced in",
                received="a call that did not trace it again",
                hint="leave `@tf.function` out: a step is one already",
            )
