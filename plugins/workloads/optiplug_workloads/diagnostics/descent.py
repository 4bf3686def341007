"""A diagnostic and an optimizer, compiled once for all seeds and learning rates."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import (
    BuildError,
    Optimizer,
    OptimizerConfig,
    ScheduleConfig,
    Selection,
    Task,
    TaskConfig,
    Tensor,
    Variable,
)
from optiplug_lab.tasks import built, state_of

__all__ = ["Descent"]


class Descent:
    """All steps of the budget of a task, to be taken again from any seed, with the rates times a factor.

    Parameters
    ----------
    task
        A task with a goal, whose `batch` also takes a seed that is a tensor.
    optimizer
        What descends; `rated` says afterwards whether it has a learning rate at all.
    """

    def __init__(self, task: TaskConfig, optimizer: OptimizerConfig) -> None:
        if task.goal is None:
            raise ValueError(f"{type(task).__name__} has no goal")
        self.goal, self._config = task.goal, task
        self._factor, self._seed = tf.Variable(1.0), tf.Variable(0, dtype=tf.int64)
        # All steps are one program, in which XLA would compile each step by itself, for seconds.
        plain = optimizer.model_copy(update={"jit_compile": False})
        self._scaled = _scaled(plain, self._factor)
        self.rated = self._scaled is not plain
        self._task, self._optimizer = self._pair(seed=0)
        self._starts: dict[int, list[np.ndarray]] = {}
        self._descend = tf.function(self._steps, autograph=False)

    def figure(self, seed: int, factor: float = 1.0) -> float:
        """Return the figure of the goal at the end of the budget; infinity if it is no number."""
        if seed not in self._starts:
            self._starts[seed] = [each.numpy() for each in _held(*self._pair(seed))]
        for variable, value in zip(_held(self._task, self._optimizer), self._starts[seed], strict=True):
            variable.assign(value)
        self._seed.assign(seed)
        self._factor.assign(factor)
        self._descend()
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(BuildError):  # of an optimizer that keeps no averages
                stack.enter_context(self._optimizer.averaged_weights())
            figure = float(self._task.evaluate()[self.goal.figure])
        return figure if math.isfinite(figure) else math.inf

    def _pair(self, seed: int) -> tuple[Task, Optimizer]:
        """Create task and optimizer as they are before the first step."""
        task, optimizer = built(self._config, seed), self._scaled.create()
        optimizer.build(task.variables)
        return task, optimizer

    def _steps(self) -> None:
        def step(number: Tensor) -> list[Tensor]:
            batch = self._task.batch(number, self.goal.batch_size, self._seed)
            self._optimizer.minimize(lambda: self._task.loss(*batch), self._task.variables)
            return [number + 1]

        first = tf.constant(0, tf.int64)
        tf.while_loop(lambda number: number < self.goal.steps, step, [first], parallel_iterations=1)


def _held(task: Task, optimizer: Optimizer) -> list[Variable]:
    """Return all that a step changes."""
    return [*task.variables, *state_of(task).values(), *optimizer.variables]


def _scaled(value: Any, factor: Variable) -> Any:
    """Return a config whose learning rates, and those of optimizers inside of it, are times a factor.

    It is the config itself if there are none.
    """
    if isinstance(value, tuple):
        items = tuple(_scaled(item, factor) for item in value)
        return value if all(map(operator.is_, items, value)) else items
    if not isinstance(value, OptimizerConfig | Selection):
        return value
    changed = {name: _scaled(item, factor) for name, item in value}
    if changed.get("learning_rate") is not None:
        changed["learning_rate"] = _times(changed["learning_rate"], factor)
    changed = {name: item for name, item in changed.items() if item is not getattr(value, name)}
    return value.model_copy(update=changed) if changed else value


def _times(rate: Any, factor: Variable) -> Callable[[Tensor], Tensor]:
    schedule = rate.create() if isinstance(rate, ScheduleConfig) else rate
    return lambda step: factor * tf.cast(schedule(step) if callable(schedule) else schedule, tf.float32)
