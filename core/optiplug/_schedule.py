"""The abstract Schedule: a hyperparameter as a function of the step."""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from ._config.base import NamedConfig, ScheduleConfig, resolve
from ._config.constructor import Configured
from ._config.hyperparameters import Scalar
from ._config.keras_objects import FOR_KERAS
from ._config.keras_schedules import imported, of_keras
from ._config.plain_numbers import is_variable
from ._types import DType, Tensor, Variable
from .errors import ConfigError
from .numerics import scalar_dtype

__all__ = ["Schedule", "evaluate", "stays", "takes_iteration"]

# Under this name each Keras saves a schedule of ours, and the adapters register the class: where they are not
# imported, Keras' message has the name.
_PACKAGE, _NAME = f"import {FOR_KERAS}", "Schedule"


class Schedule(Configured, abc.ABC):
    """A scalar that depends on the number of committed steps.

    A subclass names its `Config` and writes `value`. Every numeric hyperparameter of an optimizer
    or processor accepts a schedule, and so does every optimizer of Keras 3 and tf_keras, for which it is
    a `LearningRateSchedule`; `import optiplug_keras` makes a model that was saved with one loadable.

    Raises
    ------
    ConfigError
        If a hyperparameter breaks a rule of the config.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class HalvingConfig(optiplug.ScheduleConfig):
    ...     start: optiplug.PositiveFloat = 1.0
    >>> class Halving(optiplug.Schedule):
    ...     Config = HalvingConfig
    ...     def value(self, step):
    ...         return self.config.start * 0.5**step
    >>> HalvingConfig.implementation = Halving
    >>> float(Halving(start=4.0)(2))
    1.0
    """

    @abc.abstractmethod
    def value(self, step: Tensor) -> Tensor:
        """Return the value at `step`, a scalar float tensor, in the dtype of `step`.

        That is float64, which tells every step from the next one, as float32 does up to 2^24 only.
        """

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def __call__(self, iteration: Tensor, dtype: DType = tf.float32) -> Tensor:
        """Return the value at an iteration (0 at the first step) as a scalar of `dtype`."""
        return tf.cast(self.value(tf.cast(iteration, tf.float64)), dtype)

    # Keras asks with `isinstance` for a schedule of its own; which is this object's class stays as it is.
    @property  # type: ignore[misc]  # mypy knows it as an attribute
    def __class__(self) -> type:
        return seen_by_keras(type(self))

    def __reduce__(self) -> tuple[type, tuple[object]]:
        return type(self), (self.config,)

    def get_config(self) -> dict[str, Any]:
        """Return the config as plain values, its name under "use".

        Raises
        ------
        ConfigError
            If something in it can be used in code only, or its class is not registered.
        """
        config: dict[str, Any] = self.config.dump()
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Schedule:
        """Create a schedule from what `get_config` returned.

        Raises
        ------
        ConfigError
            If the config breaks rules, or names a plugin that is not installed.

        Examples
        --------
        >>> import optiplug
        >>> config = optiplug.create("constant", value=0.5).get_config()
        >>> float(optiplug.Schedule.from_config(config)(0))
        0.5
        """
        schedule: Schedule = resolve(ScheduleConfig.kind, config).create()
        return schedule

    @staticmethod
    def of(value: Scalar | Schedule) -> Callable[[Tensor], Tensor]:
        """Return a function of the step for a number, a schedule's config, a schedule or a callable."""
        return lambda step: evaluate(value, step, step.dtype)


def seen_by_keras(schedule: type[Schedule]) -> type:
    """Return a class of schedules, as a subclass of the schedules of each Keras that is imported, too."""
    bases = tuple(keras.optimizers.schedules.LearningRateSchedule for keras in imported())
    return _as_subclass(schedule, bases) if bases else schedule


@functools.cache
def _as_subclass(schedule: type[Schedule], bases: tuple[type, ...]) -> type:
    # Each Keras saves the name of a class, and some of its loaders go by that alone.
    name = f"{_PACKAGE}>{_NAME}"
    both = abc.ABCMeta(name, (schedule, *bases), {"__module__": schedule.__module__})
    for keras in imported():
        keras.saving.register_keras_serializable(_PACKAGE, _NAME)(both)
    return both


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
def evaluate(value: Scalar | Schedule | Variable, iteration: Tensor, like: DType) -> Tensor:
    """Return a scalar hyperparameter at an iteration, as a tensor of the dtype `like`.

    A schedule is computed in float64; the value is rounded to float32, unless for double precision.

    Raises
    ------
    ConfigError
        If a function gives a value while a step is traced that would never change.
    """
    dtype = scalar_dtype(like)
    # Created here and not when the config is validated, which must not import TensorFlow.
    if isinstance(value, NamedConfig):
        value = value.create()
    if isinstance(value, Schedule):
        value = value(iteration, dtype)
    elif callable(value) and not tf.is_tensor(value):
        value = _read(value, iteration)
    if not isinstance(value, int | float):
        return tf.cast(value, like)
    return tf.cast(tf.constant(value, dtype), like)


def stays(value: object) -> bool:
    """Whether a value that a function gave would be the same in each run of the program that is traced."""
    if tf.executing_eagerly() or is_variable(value):
        return False
    return not tf.is_tensor(value) or not _varies(value)


def _varies(tensor: Tensor) -> bool:
    """Whether a tensor comes from an argument of the function that is traced, a variable, or chance."""
    if not tf.is_symbolic_tensor(tensor):
        return False
    seen: set[str] = set()
    behind = [tensor]
    # What a function took in from outside of it keeps its value, unless it is a variable's handle.
    held = {
        id(inner)
        for outer, inner in getattr(tensor.graph, "captures", ())
        if not tf.is_symbolic_tensor(outer)
    }
    while behind:
        each = behind.pop()
        if each.op.name in seen:
            continue
        seen.add(each.op.name)
        if each.op.op_def.is_stateful or (each.op.type == "Placeholder" and id(each) not in held):
            return True
        behind += each.op.inputs
    return False


def _read(function: Callable[..., object], iteration: Tensor) -> object:
    takes = takes_iteration(function)
    value = function(iteration) if takes else function()
    # A schedule of Keras may be a constant, and says so in its class.
    if stays(value) and not (takes and of_keras(function)):
        raise ConfigError(
            "a function is called while a step is traced, so its value would not change",
            received=function,
            hint="let it take the step and use it, or return a tf.Variable; give a constant as a number",
        )
    return value


def takes_iteration(function: Callable[..., object]) -> bool:
    """Keras calls a callable learning rate without arguments; optax calls it with the step."""
    try:
        parameters = inspect.signature(function).parameters.values()
    # Functions in C may have no signature.
    except ValueError:
        return True
    required = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(each.kind in required and each.default is each.empty for each in parameters) or any(
        each.kind is each.VAR_POSITIONAL for each in parameters
    )
