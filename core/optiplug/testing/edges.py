"""Checks at the edges: gradients of every finite size, half precision, updates small beside variables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._config.hyperparameters import is_decay_rate
from optiplug._config.kinds import OptimizerConfig
from optiplug._hookspecs import hookimpl
from optiplug._types import Array, Tensor

from .check import NotApplicable, check, require
from .execution import functions_run_as_python
from .subjects import alone
from .training import SHAPES, Training, Values, gradients, restarted

_STEPPED = ("optimizers", "processors")
_STEPS = 6
_SIZES: dict[str, tuple[float, ...]] = {
    "of 1e-30": (1e-30,),
    "of 1e-20": (1e-20,),
    "of 1e20": (1e20,),
    "of 3e38": (3e38,),
    "with one of 1e20": (0.1, 0.1, 1e20, 0.1, 0.1, 0.1),
    "of changing signs and 3e38": (3e38, -3e38),
}
_FAR = 2.0**20  # where neighbours in float32 are an eighth apart


def _sized(sizes: Sequence[float], step: int) -> Values:
    size = sizes[step % len(sizes)]
    # All of one size above that of the largest squares, where an optimizer may bound each element.
    return {
        name: (np.sign(value) if abs(size) > 1 else value) * size for name, value in gradients(step).items()
    }


@check(*_STEPPED)
def makes_no_nan_of_finite_gradients(config: NamedConfig) -> None:
    """Gradients from 1e-30 to 3e38, alike, alternating or with one spike, make no NaN of any variable."""
    training = restarted(config)
    for what, sizes in _SIZES.items():
        training.restart().run(last=_STEPS, of=partial(_sized, sizes))
        for name, value in training.values().items():
            broken = np.isnan(np.asarray(value, np.float64)).any()
            require(not broken, f"must not be NaN after gradients {what}", where=name)


@check(*_STEPPED)
def makes_nothing_infinite_on_the_way(config: NamedConfig) -> None:
    """A step has no infinity and no NaN, not even in what it does not choose.

    So it can run under `tf.debugging.enable_check_numerics`, after gradients of zero, too.
    """
    training = Training(config, jit_compile=False)
    training.build()
    # Traced while it is on: a constant is an operation there, and none to Python.
    tf.debugging.enable_check_numerics()
    try:
        training.run(last=1, of=lambda _: {name: np.zeros(shape) for name, shape in SHAPES.items()})
        training.run(last=2)
    except tf.errors.InvalidArgumentError as error:
        hint = "choose what goes into a function, as in tf.math.log(tf.where(x > 0, x, 1))"
        told = next((line for line in error.message.splitlines() if "Detected" in line), error.message)
        require(False, "every number on the way must be finite", received=told, hint=hint)
    finally:
        tf.debugging.disable_check_numerics()


@check(*_STEPPED)
def same_at_every_size_of_gradients(config: NamedConfig) -> None:
    """Gradients from 1e-30 to 3e38 move variables in float32 as they move those in float64."""
    single, dtypes = restarted(config), dict.fromkeys(SHAPES, "float64")
    double = Training(config, dtypes=dtypes, jit_compile=False)
    double.build()
    for what, sizes in _SIZES.items():
        actual, expected = (_places(training, sizes) for training in (single, double))
        for name, right in expected.items():
            # Beyond the range of float32 there is nothing to compare with.
            reached = np.abs(right) <= np.finfo(np.float32).max
            errors = np.where(reached, np.abs(actual[name] - right), 0)
            # Of the farthest place on the way, whose last digits remain on the way back.
            fits = errors.max(initial=0) <= 1e-4 * max(1.0, np.abs(right).max(initial=0))
            rule = f"must move as in float64 by gradients {what}: to {right[-1].tolist()}"
            require(fits, rule, where=name, received=actual[name][-1].tolist())


def _places(training: Training, sizes: Sequence[float]) -> Values:
    """Return where each variable is after each step."""
    training.restart()
    places = []
    for step in range(_STEPS):
        training.run(step, step + 1, partial(_sized, sizes))
        places.append(training.model_values())
    return {name: np.stack([np.asarray(each[name], np.float64) for each in places]) for name in SHAPES}


@check(*_STEPPED)
def keeps_wide_state_beside_half_precision(config: NamedConfig) -> None:
    """Slots of variables in half precision are not in half precision themselves, unless a config says so."""
    if getattr(config, "state_dtype", None):
        raise NotApplicable("its config says in which dtype slots are")
    training = Training(config, dtypes=dict.fromkeys(SHAPES, "bfloat16"), jit_compile=False)
    training.build()
    table = training.optimizer.state
    narrow = [name for name in table.homes if table.states[name].dtype in (tf.float16, tf.bfloat16)]
    hint = "add_slot without a dtype is float32 there; averages in half precision stop to move"
    require(not narrow, "must be in a wider dtype than bfloat16", received=narrow, hint=hint)


class _Probe:
    """Keeps the updates that reach a hook, in a step that runs as Python."""

    def __init__(self) -> None:
        self.seen: list[Array] = []

    @hookimpl
    def update(self, updates: Sequence[Tensor]) -> Sequence[Tensor]:
        self.seen += [np.asarray(update, np.float64) for update in updates]
        return updates


@check("optimizers")
def proposes_its_updates(config: OptimizerConfig) -> None:
    """Hooks get updates as they were proposed, also where a variable is a million times larger.

    Write ``variable.assign_sub(step)``, as in ``variable.assign(variable - step)`` it is rounded away.
    """
    seen = []
    for dtype in ("float32", "float64"):
        probe = _Probe()
        dtypes = dict.fromkeys(SHAPES, dtype)
        training = Training(alone(config), dtypes=dtypes, around=_FAR, jit_compile=False, processors=(probe,))
        with functions_run_as_python():
            training.run(last=1)
        seen.append(probe.seen)
    for update, right in zip(*seen, strict=True):
        error = np.abs(update - right).max(initial=0)
        fits = error <= 1e-3 * np.abs(right).max(initial=0)
        require(fits, f"an update must be proposed as it is: {right.tolist()}", received=update.tolist())


@check("optimizers")
def corrects_scheduled_decay_rates(config: OptimizerConfig) -> None:
    """What moves by equal steps on a constant gradient does so with decay rates that follow a schedule, too.

    The bias of an average is the product of its decay rates so far, not a power of the last one.
    """
    rising = {name: _rising for name, value in config if is_decay_rate(type(config), name) and value}
    if not rising:
        raise NotApplicable("it has no decay rates that follow a schedule")
    steps = _steps_on_a_constant_gradient(alone(config))
    if np.ptp(steps) > 1e-3 * np.abs(steps).max():
        raise NotApplicable("its steps on a constant gradient differ")
    scheduled = _steps_on_a_constant_gradient(alone(config).model_copy(update=rising))
    fits = np.ptp(scheduled) <= 1e-2 * np.abs(steps).max()
    require(fits, "steps on a constant gradient must be equal", received=scheduled.tolist())


def _rising(iteration: Tensor) -> Tensor:
    return 0.5 + 0.4 * tf.minimum(tf.cast(iteration, tf.float32) / _STEPS, 1.0)


def _steps_on_a_constant_gradient(config: OptimizerConfig) -> Array:
    training, places = Training(config, jit_compile=False), []
    for _ in range(_STEPS + 1):
        places.append(training.variables["scale"].numpy().item())
        training.step({name: np.ones(shape) for name, shape in SHAPES.items()})
    moved: Any = np.diff(places)
    return np.asarray(moved)
