"""The step, as optimizers and hooks see it while it is traced."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

from .schedule import evaluate
from .working import Frame, Working, current_frame

__all__ = ["Step", "current_step"]


class Step:
    """One step on one device: variables to assign, and the numbers that belong to the step.

    `iteration` counts the steps committed before this one (int64, 0 at the first step).
    """

    def __init__(
        self,
        frame: Frame,
        *,
        iterations: Any,
        rate: Any,
        variables: Sequence[Any],
        every_variable: Sequence[Any],
        computed: dict[tuple[Any, Any], tuple[Any, Any]] | None = None,
    ) -> None:
        self.frame = frame
        self._iterations, self._rate = iterations, rate
        self._variables, self._every_variable = variables, every_variable
        self._computed = {} if computed is None else computed

    @property
    def variables(self) -> list[Working]:
        """The variables that have a gradient in this call, parallel to the gradients."""
        return [self.frame.working(variable) for variable in self._variables]

    @property
    def every_variable(self) -> list[Working]:
        """All variables the optimizer was built with, those without a gradient included."""
        return [self.frame.working(variable) for variable in self._every_variable]

    @property
    def iteration(self) -> Any:
        """The number of steps committed before this one: a scalar int64 tensor."""
        return self.frame.working(self._iterations).old

    def rate(self, like: Any) -> Any:
        """Return the learning rate of this step as a scalar of the dtype of `like`."""
        return self.scalar(self._rate, like)

    def scalar(self, value: Any, like: Any) -> Any:
        """Return a hyperparameter, be it a number or a schedule, at this step.

        The result is a scalar tensor in the dtype of `like`: a variable, a tensor or a dtype.
        """
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        key = (id(value), dtype)
        if key not in self._computed:
            # `value` is kept beside the result so that its id stays its own while the step lives.
            self._computed[key] = (value, evaluate(value, self.iteration, dtype))
        return self._computed[key][1]

    def once(self, function: Callable[[Any], Any], like: Any) -> Any:
        """Return ``function(dtype)``, traced once in this step for all variables of the dtype of `like`."""
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        if (function, dtype) not in self._computed:
            self._computed[function, dtype] = (function, function(dtype))
        return self._computed[function, dtype][1]

    def seed(self, variable: Working, seed: int) -> Any:
        """Return a stateless seed (int32, shape [2]) of its own for this seed, step and variable."""
        salt = zlib.crc32(f"{seed}/{variable.path}".encode()) & 0x7FFFFFFF
        return tf.stack([tf.constant(salt, tf.int32), tf.cast(self.iteration, tf.int32)])

    def advance(self) -> None:
        """Count this step."""
        self.frame.working(self._iterations).assign_add(1)

    def select(self, chosen: Collection[int]) -> Step:
        """Return the same step with only the chosen variables in sight; `chosen` holds their ids."""
        return Step(
            self.frame,
            iterations=self._iterations,
            rate=self._rate,
            variables=[each for each in self._variables if id(each) in chosen],
            every_variable=[each for each in self._every_variable if id(each) in chosen],
            computed=self._computed,
        )


def current_step() -> Step | None:
    """Return the step being traced in this thread, or None outside of any."""
    frame = current_frame()
    return None if frame is None else frame.step
