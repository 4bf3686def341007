"""What is asked of a task before the first step: a task of another distribution may be anything."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import BrokenPluginError, Task, TaskConfig, Tensor, Variable

__all__ = ["built", "checked_batch", "checked_figures", "checked_loss", "state_of"]

_METHODS = ("build", "batch", "loss", "evaluate")
_ARGUMENTS = {"build": ["seed"], "batch": ["step", "batch_size", "seed"], "evaluate": []}


def built(config: TaskConfig, seed: int) -> Task:
    """Create the task of a config and its variables.

    Raises
    ------
    BrokenPluginError
        If it lacks a method of `optiplug.Task`, or its variables cannot be told apart, or the config tells
        others.
    """
    task: Task = config.create()
    where = type(task).__name__
    missing = [name for name in _METHODS if not callable(getattr(task, name, None))]
    if missing:
        raise BrokenPluginError(
            f"a task must have {', '.join(_METHODS)}", where=where, received=f"no {missing[0]}"
        )
    for name, arguments in _ARGUMENTS.items():
        _require_taken(task, name, arguments)
    task.build(seed)
    variables = getattr(task, "variables", None)
    if not isinstance(variables, Sequence) or not variables:
        rule = "after `build`, `variables` must be a list with at least one variable"
        raise BrokenPluginError(rule, where=where, received=variables)
    _require_variables(where, "variables", variables)
    _require_shapes(config, variables)
    state = getattr(task, "state", ())
    if not isinstance(state, Sequence):
        rule = "after `build`, `state` must be a list of variables"
        raise BrokenPluginError(rule, where=where, received=state)
    _require_variables(where, "state", state, beside=variables)
    return task


def state_of(task: Task) -> dict[str, Variable]:
    """Return what a task keeps from step to step beside the variables that are trained, by name."""
    return {_name(variable): variable for variable in getattr(task, "state", ())}


def _require_variables(
    where: str, member: str, variables: Sequence[Any], beside: Sequence[Variable] = ()
) -> None:
    """Require variables of TensorFlow that can be told apart, also from those `beside` them."""
    for variable in variables:
        if not isinstance(variable, tf.Variable):
            hint = "build a Keras model of tf_keras, or hand over `variable.value` of one of Keras 3"
            raise BrokenPluginError(
                f"`{member}` must hold tf.Variable only", where=where, received=variable, hint=hint
            )
    twice = [name for name, count in Counter(map(_name, [*variables, *beside])).items() if count > 1]
    if twice:
        rule, hint = "each variable must have a name of its own", "give `name` to tf.Variable"
        raise BrokenPluginError(rule, where=where, received=twice, hint=hint)


def _require_taken(task: Task, name: str, arguments: Sequence[str], hint: str = "") -> None:
    """Require that a method of a task can be called with these arguments, by their places."""
    try:
        signature = inspect.signature(getattr(task, name))
    except (TypeError, ValueError):  # of some callables nothing is known
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise BrokenPluginError(
            f"must take ({', '.join(arguments)})",
            where=f"{type(task).__name__}.{name}",
            received=f"{name}{signature}",
            hint=hint,
        ) from None


def _require_shapes(config: TaskConfig, variables: Sequence[Variable]) -> None:
    """Require that a config tells of its variables, if of any, what they are: patterns are checked by it."""
    told, found = config.shapes(), {_name(each): tuple(each.shape) for each in variables}
    if told is not None and {name: tuple(shape) for name, shape in told.items()} != found:
        raise BrokenPluginError(
            "must tell the variables that `build` creates, or return None",
            where=f"{type(config).__name__}.shapes",
            received=dict(told),
            hint=f"they are {found}",
        )


def checked_batch(task: Task, batch: object, examples: int) -> tuple[Tensor, ...]:
    """Return a batch, a tuple of tensors that have as many examples along their first axis."""
    where = f"{type(task).__name__}.batch"
    if not isinstance(batch, tuple | list):
        raise BrokenPluginError(
            "must return a tuple of tensors",
            where=where,
            received=batch,
            hint="write `return images, labels`",
        )
    tensors = tuple(map(tf.convert_to_tensor, batch))
    for tensor in tensors:
        if tensor.shape.rank == 0 or tensor.shape[:1].as_list() not in ([examples], [None]):
            rule = f"each tensor must have {examples} examples along its first axis"
            raise BrokenPluginError(rule, where=where, received=tensor.shape)
    return tensors


def checked_loss(task: Task, batch: Sequence[Tensor]) -> Tensor:
    """Return the loss of a batch, which must be a scalar."""
    names = [f"tensor_{number}" for number in range(1, len(batch) + 1)]
    _require_taken(task, "loss", names, hint="these are what `batch` returns")
    loss: Any = task.loss(*batch)
    if not tf.is_tensor(loss) or loss.shape.rank not in (0, None) or not loss.dtype.is_floating:
        raise BrokenPluginError(
            "must return a scalar: the mean over the examples",
            where=f"{type(task).__name__}.loss",
            received=f"{loss.dtype.name} {loss.shape}" if tf.is_tensor(loss) else loss,
            hint="write `return tf.reduce_mean(losses)`",
        )
    return loss


def checked_figures(task: Task, figures: object, known: Sequence[str] | None = None) -> dict[str, float]:
    """Return what `evaluate` returned as numbers; they must have the names of the evaluations before."""
    where = f"{type(task).__name__}.evaluate"
    if not isinstance(figures, Mapping) or not all(isinstance(name, str) for name in figures):
        raise BrokenPluginError("must return a mapping of names to numbers", where=where, received=figures)
    for name, value in figures.items():
        if not isinstance(value, Real) and not _is_scalar(value):
            raise BrokenPluginError("must return numbers", where=where, received={name: value})
    if known is not None and list(figures) != list(known):
        rule = "must return the same figures each time, in the same order"
        raise BrokenPluginError(
            rule, where=where, received=list(figures), hint=f"those before were {list(known)}"
        )
    return {name: float(value) for name, value in figures.items()}


def _is_scalar(value: object) -> bool:
    array = np.asarray(value)
    return array.ndim == 0 and np.issubdtype(array.dtype, np.number)


def _name(variable: Variable) -> str:
    return str(variable.name).rsplit(":", 1)[0]
