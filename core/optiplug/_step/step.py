"""The step, as optimizers and hooks see it while it is traced."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

from optiplug._schedule import evaluate
from optiplug._variables.capture import Frame, Working, current_frame
from optiplug.errors import HookError

__all__ = ["Numbers", "Step", "current_step"]


class Numbers:
    """What all views of one step share: its counter, its rates and what was computed from them.

    `rate_of` gives the learning rate of what has an `id`, as a number, a schedule or a variable, and
    for None that of the optimizer as a whole; `changed` has those that a hook has changed, as tensors.
    """

    def __init__(self, iterations: Any, rate_of: Callable[[int | None], Any]) -> None:
        self.iterations, self.rate_of = iterations, rate_of
        self.changed: dict[int, Any] = {}
        self.computed: dict[tuple[Any, Any], tuple[Any, Any]] = {}
        self.gradients: dict[int, Any] = {}
        self.updated: Working | None = None


class Step:
    """One step on one device: variables to assign, and the numbers that belong to the step.

    `iteration` counts the steps committed before this one (int64, 0 at the first step).
    """

    def __init__(
        self, frame: Frame, numbers: Numbers, variables: Sequence[Any], every_variable: Sequence[Any]
    ) -> None:
        self.frame, self.numbers = frame, numbers
        self._variables, self._every_variable = variables, every_variable

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
        return self.frame.working(self.numbers.iterations).old

    @property
    def gradients(self) -> list[Any]:
        """The gradients as they reached the optimizer, parallel to `variables`; from `update` on."""
        return [self.numbers.gradients[variable.key] for variable in self.variables]

    def rate(self, like: Any) -> Any:
        """Return the learning rate of this step as a scalar of the dtype of `like`.

        That is the one of a variable, if `like` is a variable, and else that of the optimizer.
        """
        key = getattr(like, "key", None)
        if key in self.numbers.changed:
            return tf.cast(self.numbers.changed[key], like.dtype)
        rate = self.numbers.rate_of(key)
        if rate is None:
            rule = "there is no learning rate for all variables: ask for that of a variable"
            raise HookError(rule, received=like)
        return self.scalar(rate, like)

    def change_rates(self, rates: Sequence[Any]) -> None:
        """Let `rate` return these from now on, one for each of `variables`."""
        self.numbers.changed = {each.key: rate for each, rate in zip(self.variables, rates, strict=True)}

    def scalar(self, value: Any, like: Any) -> Any:
        """Return a hyperparameter, be it a number or a schedule, at this step.

        The result is a scalar tensor in the dtype of `like`: a variable, a tensor or a dtype.
        """
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        key = (id(value), dtype)
        if key not in self.numbers.computed:
            # `value` is kept beside the result so that its id stays its own while the step lives.
            self.numbers.computed[key] = (value, evaluate(value, self.iteration, dtype))
        return self.numbers.computed[key][1]

    def once(self, function: Callable[[Any], Any], like: Any) -> Any:
        """Return ``function(dtype)``, traced once in this step for all variables of the dtype of `like`."""
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        if (function, dtype) not in self.numbers.computed:
            self.numbers.computed[function, dtype] = (function, function(dtype))
        return self.numbers.computed[function, dtype][1]

    def seed(self, variable: Working, seed: int) -> Any:
        """Return a stateless seed (int32, shape [2]) of its own for this seed, step and variable."""
        salt = zlib.crc32(f"{seed}/{variable.path}".encode()) & 0x7FFFFFFF
        return tf.stack([tf.constant(salt, tf.int32), tf.cast(self.iteration, tf.int32)])

    def advance(self) -> None:
        """Count this step."""
        self.frame.working(self.numbers.iterations).assign_add(1)

    def select(self, chosen: Collection[int]) -> Step:
        """Return the same step with only the chosen variables in sight; `chosen` holds their ids."""
        own, every = (
            [each for each in some if id(each) in chosen] for some in (self._variables, self._every_variable)
        )
        return Step(self.frame, self.numbers, own, every)


def current_step() -> Step | None:
    """Return the step being traced in this thread, or None outside of any."""
    frame = current_frame()
    return None if frame is None else frame.step
