"""Runs of one optimizer on one workload that differ in seed and numbers: compiled once, run often.

Tracing and compiling a step takes longer than hundreds of steps of these workloads. So the numbers of a
config that differ from run to run are rows of a table, which every step reads; the batches of a seed and
the values that variables and state begin with are data, too. The curves are those of `optiplug_lab.trial`.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import BuildError, Optimizer, Task
from optiplug_lab.tasks import built, checked_batch, checked_figures, checked_loss

from .protocol import Workload
from .templates import Column, Plain, Template, split

__all__ = ["Point", "Program", "Seeds", "program"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Point:
    """The figure at a step, and the seconds of the steps so far; `loss` is the mean since the one before."""

    step: int
    figure: float
    loss: float
    seconds: float


class Seeds:
    """What a seed decides on a workload: the values that variables begin with, and all batches."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        # Not that of a program: `build` would take its variables from it.
        self.task: Task = workload.config().create()
        self.initial = functools.lru_cache(maxsize=8)(self._initial)
        self.batches = functools.lru_cache(maxsize=4)(self._batches)

    def variables(self, seed: int) -> Sequence[tf.Variable]:
        """Return new variables of a seed, of which optimizers make their state."""
        self.task.build(seed)
        return self.task.variables

    def _initial(self, seed: int) -> list[Array]:
        return [variable.numpy() for variable in self.variables(seed)]

    def _batches(self, seed: int, steps: int) -> tuple[tf.Tensor, ...]:
        size = self.workload.batch_size

        @tf.function
        def batch(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return checked_batch(self.task, self.task.batch(step, size, seed), size)

        batches = [batch(tf.constant(step, tf.int64)) for step in range(steps)]
        return tuple(tf.stack(each) for each in zip(*batches, strict=True))


class Program:
    """A template of an optimizer on a workload. Programs of one workload share `seeds`."""

    def __init__(self, template: Template, seeds: Seeds, steps: int) -> None:
        self.template, self.seeds, self.workload, self.steps = template, seeds, seeds.workload, steps
        self.task = built(self.workload.config(), 0)
        self._table = tf.Variable(tf.zeros([steps, max(1, template.columns)]), trainable=False)
        self.optimizer = self._optimizer(self.task.variables)
        self._state = functools.lru_cache(maxsize=8)(self._state_of_seed)
        self._steps = tf.function(self._taken)
        self._figures: list[str] | None = None

    def _optimizer(self, variables: Sequence[tf.Variable]) -> Optimizer:
        made = self.template.config([_reading(self._table, each) for each in range(self.template.columns)])
        optimizer: Optimizer = made.create()
        optimizer.build(variables)
        return optimizer

    def _state_of_seed(self, seed: int) -> list[Array]:
        # State may begin with values of the variables.
        return [variable.numpy() for variable in self._optimizer(self.seeds.variables(seed)).variables]

    def run(self, seed: int, columns: Sequence[Column], steps: int) -> Iterator[Point]:
        """Yield the start and each evaluation; close the iterator to take no more steps."""
        self._begin(seed, columns)
        batches, every = self.seeds.batches(seed, self.steps), tf.constant(self.workload.evaluate_every)
        yield Point(0, self._evaluate(), math.nan, 0.0)
        seconds = 0.0
        for step in range(0, steps, self.workload.evaluate_every):
            started = time.perf_counter()
            loss = float(self._steps(tf.constant(step), every, batches))
            seconds += time.perf_counter() - started
            yield Point(step + self.workload.evaluate_every, self._evaluate(), loss, seconds)

    def timed_steps(self, seed: int) -> float:
        """Take the first steps of a seed from where the variables are; return the seconds that they took."""
        batches, every = self.seeds.batches(seed, self.steps), tf.constant(self.workload.evaluate_every)
        started = time.perf_counter()
        self._steps(tf.constant(0), every, batches).numpy()
        return time.perf_counter() - started

    def _begin(self, seed: int, columns: Sequence[Column]) -> None:
        if columns:
            self._table.assign(np.stack([column(self.steps) for column in columns], axis=1))
        initial = (self.seeds.initial(seed), self._state(seed))
        for variables, values in zip((self.task.variables, self.optimizer.variables), initial, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def _taken(self, first: tf.Tensor, count: tf.Tensor, batches: Sequence[tf.Tensor]) -> tf.Tensor:
        """Take some steps; return the mean of their losses."""

        def step(done: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            batch, losses = [tf.gather(each, first + done) for each in batches], list[tf.Tensor]()

            def loss() -> tf.Tensor:
                losses.append(checked_loss(self.task, batch))
                return losses[-1]

            self.optimizer.minimize(loss, self.task.variables)
            return done + 1, total + losses[0]

        start = (tf.constant(0), tf.constant(0.0))
        _, total = tf.while_loop(lambda done, _: done < count, step, start, parallel_iterations=1)
        return total / tf.cast(count, tf.float32)

    def _evaluate(self) -> float:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(BuildError):  # of an optimizer that keeps no averages
                stack.enter_context(self.optimizer.averaged_weights())
            figures = checked_figures(self.task, self.task.evaluate(), self._figures)
        self._figures = list(figures)
        return figures[self.workload.figure]


def _reading(table: tf.Variable, column: int) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda step: tf.gather(table, tf.cast(step, tf.int32))[column]


def program(workload: Workload, written: Plain, plain: Plain, steps: int) -> tuple[Program, Sequence[Column]]:
    """Return the program of a plain config and its columns; of several, the programs last used are kept."""
    template, columns = split(written, plain)
    return _made(workload.model_dump_json(), template, steps), columns


@functools.lru_cache(maxsize=3)
def _made(workload: str, template: Template, steps: int) -> Program:
    return Program(template, _seeds_of(workload), steps)


@functools.lru_cache(maxsize=1)
def _seeds_of(workload: str) -> Seeds:
    return Seeds(Workload.model_validate_json(workload))
