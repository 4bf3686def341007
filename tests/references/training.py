"""The order of a step in NumPy float64 or complex128, for the oracles of optimizers and processors.

An optimizer oracle has `rate(iteration)` and `update(key, gradient, variable, iteration)`, which
returns the new variable; `key` tells the state of one variable from another's. One that has to see
all variables at once has `update_all(gradients, variables, iteration)` instead: of and to
dictionaries by key. A processor oracle is a `Processor`. Nothing here knows TensorFlow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from references.schedules import evaluate

Array = NDArray[np.float64]
Scalar = float | Mapping[str, Any] | Callable[[int], float]


def at(value: Scalar, iteration: int) -> float:
    """Return a hyperparameter's value at `iteration`; a mapping is a schedule as in a config."""
    return value(iteration) if callable(value) else evaluate(value, iteration)


def norm(arrays: Iterable[Array]) -> float:
    """Return the Euclidean norm of all elements of all arrays, complex ones by modulus."""
    return float(np.sqrt(sum((float(np.sum(np.abs(array) ** 2)) for array in arrays), 0.0)))


def double(value: Any) -> Any:
    """Return an array of any precision in double precision."""
    return np.asarray(value, np.complex128 if np.iscomplexobj(value) else np.float64)


class Optimizer(Protocol):
    """What `train` needs of an optimizer oracle."""

    def rate(self, iteration: int) -> float: ...

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array: ...


@dataclass
class Step:
    """One call: every variable by key, the keys that have a gradient, the iteration and the rate."""

    variables: dict[int, Array]
    keys: list[int]
    iteration: int
    rate: float
    gradients: list[Array] = field(default_factory=list)


class Processor:
    """A processor that does nothing; an oracle overrides the stages in which it takes part."""

    def start(self, variables: dict[int, Array]) -> None:
        """See the variables before the first step."""

    def gate(self, gradients: list[Array], step: Step) -> tuple[list[Array], bool]:
        """Return the gradients, and whether a step happens; may replace `step.keys`."""
        return gradients, True

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        return gradients

    def decay(self, gradients: list[Array], step: Step) -> list[Array]:
        return gradients

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        """See what the optimizer adds to each variable; `step.variables` are those before that."""
        return updates

    def post_step(self, step: Step) -> None:
        """See the new variables; may replace entries of `step.variables`."""


def call(
    optimizer: Optimizer,
    processors: Sequence[Processor],
    gradients: Sequence[Array | None],
    variables: dict[int, Array],
    iteration: int,
) -> bool:
    """Apply one call's gradients to `variables`; return whether a step happened."""
    keys = [key for key, gradient in enumerate(gradients) if gradient is not None]
    present = [gradient for gradient in gradients if gradient is not None]
    step = Step(variables, keys, iteration, optimizer.rate(iteration))
    for processor in processors:
        present, proceed = processor.gate(present, step)
        if not proceed:  # a later gate is not asked, so it remembers nothing of this call
            return False
    for processor in processors:
        present = processor.clip(present, step)
    for processor in processors:
        present = processor.decay(present, step)
    step.gradients = present
    given = dict(zip(step.keys, present, strict=True))
    updates = [new - variables[key] for key, new in _updated(optimizer, given, variables, iteration).items()]
    for processor in processors:
        updates = processor.update(updates, step)
    for key, update in zip(step.keys, updates, strict=True):
        variables[key] = variables[key] + update
    for processor in processors:
        processor.post_step(step)
    return True


def _updated(
    optimizer: Any, gradients: dict[int, Array], variables: dict[int, Array], iteration: int
) -> dict[int, Array]:
    if hasattr(optimizer, "update_all"):
        return dict(optimizer.update_all(gradients, variables, iteration))
    return {
        key: optimizer.update(key, gradient, variables[key], iteration) for key, gradient in gradients.items()
    }


def train(
    optimizer: Optimizer,
    processors: Sequence[Processor],
    initial: Sequence[Array],
    gradients: Sequence[Sequence[Array | None]],
) -> list[list[Array]]:
    """Return the variables after each call; `gradients` holds one list per call."""
    variables = {key: double(value) for key, value in enumerate(initial)}
    for processor in processors:
        processor.start(variables)
    iteration, trajectory = 0, []
    for present in gradients:
        iteration += call(optimizer, processors, present, variables, iteration)
        trajectory.append(copy.deepcopy(list(variables.values())))
    return trajectory
