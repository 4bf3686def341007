"""The small problem that checks train on, and ways to take its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._optimizer.optimizer import Optimizer
from optiplug._types import Array, Gradient, Variable

from .subjects import optimizer_of

__all__ = [
    "SHAPES",
    "STEPS",
    "Training",
    "Values",
    "apply_as_scaled",
    "compare",
    "gradients",
    "reference",
    "restarted",
    "sliced",
]

Values = dict[str, Array]
Given = Array | Gradient | None
"""A gradient as a check gives it."""

STEPS = 4
_MOST_CALLS = 16  # that a gate may hold back before there is a step
# Two of one shape, as state that they share by mistake shows in no other way.
SHAPES: dict[str, tuple[int, ...]] = {"encoder/table": (5, 2), "decoder/kernel": (5, 2), "scale": ()}
_TABLE = "encoder/table"
_MODEL = "variable "  # before the names of the model's variables, where those of state stand beside
_ROWS = (3, 1, 3)  # of the table, that have a gradient: one of them twice


def gradients(step: int, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> Values:
    """Return a gradient for each variable: multiples of 1/64, so that halves and sums are exact."""
    random = np.random.default_rng((7, step))
    drawn = {name: np.round(random.normal(size=shape) * 64) / 64 for name, shape in shapes.items()}
    if _TABLE in drawn:
        drawn[_TABLE] = np.zeros(shapes[_TABLE])
        np.add.at(drawn[_TABLE], list(_ROWS), _rows(step))
    return drawn


def _rows(step: int) -> Array:
    return np.round(np.random.default_rng((8, step)).normal(size=(len(_ROWS), 2)) * 64) / 64


def sliced(step: int) -> dict[str, Given]:
    """Return the same gradients as `gradients`, the table's as its rows."""
    slices = tf.IndexedSlices(
        tf.constant(_rows(step), tf.float32), tf.constant(_ROWS), tf.constant(SHAPES[_TABLE])
    )
    return {**gradients(step), _TABLE: slices}


def apply_as_scaled(optimizer: Optimizer, pairs: Sequence[tuple[Gradient | None, Variable]]) -> None:
    """Apply gradients as they are, also to an optimizer that takes those of a scaled loss only."""
    if any(hasattr(each, "scale_loss") for each in optimizer.processors):
        optimizer.build([variable for gradient, variable in pairs if gradient is not None])
        optimizer.scale_loss(tf.constant(1.0))
    optimizer.apply_gradients(pairs)


class Training:
    """Variables, and an optimizer that runs a config on them.

    Parameters
    ----------
    config
        The config of an optimizer, a processor or a schedule; see `optimizer_of`.
    shapes
        The variables by name.
    dtypes
        Their dtypes, by name; those not named are float32.
    around
        The mean of the values that variables start from.
    fields
        Further fields of the optimizer's config: ``jit_compile=False`` where a check is not about
        the compiler, which takes most of its time otherwise.
    """

    def __init__(
        self,
        config: NamedConfig,
        *,
        shapes: Mapping[str, tuple[int, ...]] = SHAPES,
        dtypes: Mapping[str, str] | None = None,
        around: float = 0.0,
        **fields: Any,
    ) -> None:
        random = np.random.default_rng(3)
        self._starts = {name: random.normal(around, size=shape) for name, shape in sorted(shapes.items())}
        self.variables = {
            name: tf.Variable(tf.constant(self._starts[name], (dtypes or {}).get(name, "float32")), name=name)
            for name in shapes
        }
        self.optimizer = optimizer_of(config, **fields)
        self.apply: Callable[..., Any] = self._apply

    def through(self, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Training:
        """Return the same training, whose steps are taken through a function such as a `tf.function`."""
        wrapped = copy(self)
        # An object of its own: TensorFlow counts traces by code, and would warn of too many.
        wrapped.apply = wrap(partial(self._apply))
        return wrapped

    def _apply(self, values: Mapping[str, Given]) -> None:
        apply_as_scaled(self.optimizer, [(value, self.variables[name]) for name, value in values.items()])

    def step(self, values: Mapping[str, Given]) -> None:
        """Apply gradients, given by the name of their variable; None is no gradient."""
        dtypes = {name: self.variables[name].dtype for name in values}
        self.apply(
            {name: None if value is None else tf.cast(value, dtypes[name]) for name, value in values.items()}
        )

    def until_a_step(self, values: Mapping[str, Given]) -> int:
        """Apply the same gradients until that is a step, and return in how many calls."""
        for call in range(1, _MOST_CALLS + 1):
            before = self.optimizer.iterations.numpy()
            self.step(values)
            if self.optimizer.iterations.numpy() > before:
                return call
        raise AssertionError(f"{_MOST_CALLS} calls must be enough for a step")

    def run(
        self, first: int = 0, last: int = STEPS, of: Callable[[int], Mapping[str, Given]] = gradients
    ) -> Self:
        """Take some of the steps of the problem."""
        for step in range(first, last):
            self.step({name: of(step)[name] for name in self.variables})
        return self

    def build(self) -> None:
        """Create the state."""
        self.optimizer.build(list(self.variables.values()))
        self._state_starts = {name: state.numpy() for name, state in self.optimizer.state.states.items()}

    def restart(self) -> Self:
        """Give every variable, and all state, the value that it had at first; what was traced stays."""
        for name, variable in self.variables.items():
            variable.assign(tf.constant(self._starts[name], variable.dtype))
        for name, state in self.optimizer.state.states.items():
            state.assign(self._state_starts[name])
        return self

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return a checkpoint of the model and the optimizer."""
        return tf.train.Checkpoint(model=list(self.variables.values()), optimizer=self.optimizer)

    def model_values(self) -> Values:
        """Return every variable of the model by name."""
        return {name: each.numpy() for name, each in self.variables.items()}

    def values(self) -> Values:
        """Return every variable of the model and of the optimizer by name."""
        model = {f"{_MODEL}{name}": value for name, value in self.model_values().items()}
        return model | {name: each.numpy() for name, each in self.optimizer.state.states.items()}


@dataclass(frozen=True)
class Reference:
    """What a training of `STEPS` plain calls ended with; its optimizer may have moved on since."""

    optimizer: Optimizer
    ended: Values

    def values(self) -> Values:
        """Return every variable of the model and of the optimizer by name, as it was at the end."""
        return self.ended

    def model_values(self) -> Values:
        """Return every variable of the model by name, as it was at the end."""
        return {
            name.removeprefix(_MODEL): value for name, value in self.ended.items() if name.startswith(_MODEL)
        }


# Tracing takes most of the time of a check. Configs are compared by their values: a check makes its own.
_trainings: deque[tuple[NamedConfig, bool, Training]] = deque(maxlen=8)
_references: deque[tuple[NamedConfig, bool, Reference]] = deque(maxlen=8)


def restarted(config: NamedConfig, *, compiled: bool = False) -> Training:
    """Return a training at its start, whose step another check may have traced already.

    It is for the steps of one check: the next call may return it again. If not `compiled`, it runs
    with ``jit_compile=False``.
    """
    for known, how, training in _trainings:
        if known == config and how == compiled:
            return training.restart()
    training = Training(config) if compiled else Training(config, jit_compile=False)
    training.build()
    _trainings.append((config, compiled, training))
    return training


def reference(config: NamedConfig, *, compiled: bool = True) -> Reference:
    """Return what `STEPS` plain calls end with; kept, as many checks of one config compare with it."""
    for known, how, found in _references:
        if known == config and how == compiled:
            return found
    training = restarted(config, compiled=compiled).run()
    _references.append((config, compiled, Reference(training.optimizer, training.values())))
    return _references[-1][2]


def compare(actual: Values, expected: Values, what: str, tolerance: float = 0) -> None:
    """Raise an AssertionError unless both hold the same names with equal values."""
    np.testing.assert_array_equal(sorted(actual), sorted(expected), f"{what}: the names of state differ")
    for name, value in expected.items():
        np.testing.assert_allclose(
            np.asarray(actual[name], np.float64),
            np.asarray(value, np.float64),
            rtol=tolerance,
            atol=tolerance,
            err_msg=f"{what}: {name} differs",
        )
