"""The learning rate of one optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._config.base import config_of
from optiplug._config.hyperparameters import Number
from optiplug._config.plain_numbers import is_variable, plain
from optiplug._schedule import evaluate, stays, takes_iteration
from optiplug._state.slot import State
from optiplug._state.stateful import StateOwner
from optiplug._step.program_cache import ProgramCache
from optiplug._step.step import Rate, Step
from optiplug._types import DType, Tensor, Variable
from optiplug.errors import ConfigError

__all__ = ["LearningRate"]


class LearningRate:
    """A number in a state variable, a schedule, or None.

    `given` is the value of the config or of a constructor: a number, a schedule, a callable, or None.
    What a function without arguments gives is a number, too, which `follow` reads before each step.
    """

    def __init__(self, given: Rate | None, owner: StateOwner) -> None:
        self.given, self._owner = given, owner

    @property
    def number(self) -> float | None:
        """The number that was given; None if a schedule was given, or nothing."""
        return self.given if isinstance(self.given, int | float) else None

    @property
    def function(self) -> Callable[[], object] | None:
        """The function without arguments that was given; None if something else was."""
        given = self.given
        return None if not callable(given) or takes_iteration(given) else given

    @property
    def source(self) -> State | Rate | None:
        """The state variable of a number, created when it is first asked for, else what was given."""
        initial = math.nan if self.function else self.number  # of a function until it is read
        if initial is None:
            return self.given
        # Not created before: only now are strategy and precision of the model known (the-compiled-step.md).
        return self._owner.add_counter("learning_rate", initial, self.dtype)

    @property
    def in_steps(self) -> State | Rate | None:
        """What the formulas of a step evaluate: as `source`, but no less exact than their variables."""
        source = self.source
        late = isinstance(source, State) and source.dtype != tf.float64 and self.dtype == tf.float64
        return self._exactly if late and self.number is not None else source

    def _exactly(self, iteration: Tensor) -> Tensor:
        """Return the rate for variables in double precision that came when it was float32 already."""
        held = tf.convert_to_tensor(self.source)
        return tf.where(
            held == tf.constant(self.number, held.dtype),
            tf.constant(self.number, tf.float64),
            tf.cast(held, tf.float64),
        )

    @property
    def dtype(self) -> DType:
        """The dtype of the variable: float64 if any variable of the model is in double precision."""
        # A float32 rate would put an error of 1e-8 into a float64 run: docs/design/the-compiled-step.md.
        return self._owner.model_variables.scalar_dtype

    def value(self, iterations: Variable) -> Variable | Tensor:
        """Return the variable of a number, and the value of a schedule at so many steps."""
        source = self.given if self.function else self.source
        return source.variable if isinstance(source, State) else evaluate(source, iterations, tf.float32)

    def follow(self, where: str) -> None:
        """Read the rate of the next step from the function that was given.

        Raises
        ------
        ConfigError
            If it is no rate, or if it would be the same in each run of a function that is traced.
        """
        source = self.source
        if self.function is None or not isinstance(source, State):
            return
        value = self.function()
        if stays(value):
            raise ConfigError(
                "a function that gives a number is called while a tf.function is traced, not in each step",
                where=f"{where}.learning_rate",
                received=value,
                hint="let it return a tf.Variable or take the step, or call `apply_gradients` eagerly",
            )
        rate = value if tf.is_tensor(value) and not tf.executing_eagerly() else _checked(value, where)
        distribution.assign(source.variable, tf.cast(rate, source.dtype))

    def kept(self, step: Step | None) -> Rate | None:
        """Return the rate of a step, the variable of a number outside of one, or a schedule to be called."""
        if step is not None and (self.number is not None or self.function):
            return self.in_step(step)
        config, held = (
            config_of(self.given),
            self._owner.table.states.get(self._owner.qualified("learning_rate")),
        )
        if config is not None:
            schedule: Rate = config.create()
            return schedule
        return self.given if held is None or self.number is None else held.variable

    def in_step(self, step: Step) -> Tensor:
        """Return the rate for a formula that does not say of which variable it wants it."""
        return step.rate_of_formula(self.in_steps, self.dtype)

    def assign(self, value: object, where: str, programs: ProgramCache) -> None:
        """Set the learning rate from the next step on, which is traced again unless a number stays one.

        Raises
        ------
        ConfigError
            If it is no rate, or if a function of a caller has traced a step and would keep what it was.
        """
        rate = _checked(value, where)
        if self.given is None:
            self.given = rate
            return
        source, follows = self.source, callable(rate) or config_of(rate) is not None
        if self.number is not None and isinstance(source, State) and not follows:
            source.variable.assign(rate)
            return
        if tf.is_tensor(rate):
            raise ConfigError(
                "a schedule cannot become a tensor inside a function that is traced",
                where=f"{where}.learning_rate",
                received=rate,
                hint="set a number outside of it first",
            )
        programs.require_no_caller("a number and a schedule cannot change places", f"{where}.learning_rate")
        programs.clear()
        self.given = rate
        self._keep_state_of_given()

    def _keep_state_of_given(self) -> None:
        """Let there be a variable if a number was given: state depends on the config, not on what it was."""
        if self.number is None and self.function is None:
            self._owner.table.forget(self._owner.qualified("learning_rate"))
        elif isinstance(self.source, State):
            self.source.variable.assign(math.nan if self.number is None else self.number)

    def current(self, number: float) -> float:
        """Return the number that was given, unless another was set since; no variable is created."""
        held = self._owner.table.states.get(self._owner.qualified("learning_rate"))
        if held is None:
            return float(number)
        # The variable holds 0.1 rounded to float32; unless it was set, a config keeps 0.1 itself.
        now = held.numpy()
        return float(number) if now == now.dtype.type(number) else float(now)

    def next(self) -> float | None:
        """Return the rate of the next step; no variable is created."""
        if self.given is None:
            return None
        if self.number is not None:
            return self.current(self.number)
        counted = self._owner.table.states.get("iterations")
        iteration = tf.constant(0, tf.int64) if counted is None else counted.read_value()
        return float(evaluate(self.given, iteration, tf.float32))


def _checked(value: object, where: str) -> Any:
    """Return a rate as `Number` does: of a variable its value, a tensor that has none yet as it is."""
    if is_variable(value) and tf.executing_eagerly():
        value = np.asarray(value)
    if tf.is_tensor(known := plain(value)) or is_variable(known):
        return known
    try:
        return Number(ge=0).check(known)
    except ConfigError as error:
        raise error.each(lambda problem: problem.within(where, "learning_rate")) from None
