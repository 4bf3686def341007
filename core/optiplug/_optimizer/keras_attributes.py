"""Attributes that Keras keeps on an optimizer: hyperparameters, and private names that subclasses use."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._config.base import config_of, with_fields
from optiplug._config.hyperparameters import Number
from optiplug._config.kinds import Selection
from optiplug._step.step import current_step
from optiplug._types import Gradient, Variable
from optiplug._variables.capture import Working
from optiplug._variables.model_variables import unwrapped
from optiplug.errors import BuildError, ConfigError, HookError

from .class_config import ClassConfig
from .dry_build import dry_built
from .parts import OptimizerParts, parts_of, without_parts

__all__ = [
    "KERAS_ATTRIBUTES",
    "is_set_here",
    "private_member",
    "require_used",
    "warn_of_rows",
]

KERAS_ATTRIBUTES = (
    *("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "jit_compile"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
)

_UPDATE = "override `update_step`, or `update_variables` for all variables at once"
UNUSED: Mapping[str, str] = {
    "_apply_weight_decay": "give `weight_decay`, or a processor with a hook for `decay`",
    "_clip_gradients": "give a processor with a hook for `clip`",
    "_compute_current_learning_rate": "give a schedule as `learning_rate`",
    "_create_iteration_variable": "set `iterations` before the first step",
    "_create_or_restore_slot_variable": "`optiplug.convert` reads state of Keras",
    "_deduplicate_sparse_grad": "gradients of rows come summed, and dense",
    "_distributed_apply_gradients_fn": _UPDATE,
    "_internal_apply_gradients": _UPDATE,
    "_get_current_learning_rate": "give a schedule as `learning_rate`",
    "_model_variables_moving_average": "`with optimizer.averaged_weights()` has the averages in place",
    "_overwrite_model_variables_with_average_value": "override `finalize_variable_values`",
    "_process_kwargs": "take other arguments in the constructor",
    "_update_model_variables_moving_average": "give a processor with a hook for `post_step`",
    "_update_step": _UPDATE,
    "_update_step_xla": f"{_UPDATE}; the step is compiled as a whole",
    "_variables": "create state with `add_variable` or `add_variable_from_reference`",
}
"""Private members of Keras' base class that a step here never asks, each with what to write instead."""

FIXED: Mapping[str, str] = {
    "config": "create another optimizer from a config",
    "exclude_from_weight_decay": "call it before the optimizer is built",
    "processors": "`add_processor` appends one",
}
"""Fields of a config that are members of another kind, each with what to write instead of setting it."""


class _RefusedMemberError(BuildError, AttributeError):
    """Also an AttributeError, so that `hasattr` is False."""


def is_hyperparameter(optimizer: Any, name: str) -> bool:
    """Whether an attribute of this name is one of the hyperparameters in the config of an optimizer."""
    if without_parts(optimizer) or hasattr(type(optimizer), name):
        return False
    config = parts_of(optimizer).config
    # A class written for Keras has attributes of its own, beside those that its base class reads.
    return name in KERAS_ATTRIBUTES or (
        name in type(config).model_fields and not isinstance(config, ClassConfig)
    )


def set_hyperparameter(parts: OptimizerParts, name: str, value: object) -> None:
    """Give a hyperparameter another value, from the next step on.

    Raises
    ------
    ConfigError
        If the config refuses the value, or a function of a caller keeps a step with the one before.
    BuildError
        If there is state already that may follow from it, or if the optimizer is inside of another.
    HookError
        If a step is being traced.
    """
    before, where = getattr(parts.config, name), f"{parts.name}.{name}"
    config = with_fields(parts.config, **{name: value})
    if getattr(config, name) == before:
        return
    if current_step() is not None:
        raise HookError("cannot be set in a step", where=where, received=value, hint="give it a schedule")
    if parts.owner.prefix:
        raise BuildError(
            "cannot be set on an optimizer inside of another",
            where=where,
            hint="write it in the config of both",
        )
    if parts.built and not _keeps_state(parts, config, name):
        raise BuildError(
            "cannot be set any more: the optimizer is built, and its state follows from it",
            where=where,
            received=value,
            hint=_before_a_build(parts.config, name),
        )
    parts.programs.require_no_caller("cannot be set", where)
    parts.reconfigure(config)


def _before_a_build(config: Any, name: str) -> str:
    hint = "set it before the first step, or create another optimizer"
    kinds = type(config).model_fields[name].metadata
    if any(isinstance(kind, Number) and kind.schedule for kind in kinds):
        hint += "; what is to change in training is given as a schedule or as a tf.Variable"
    return hint


def _keeps_state(parts: OptimizerParts, config: Any, name: str) -> bool:
    """Whether an optimizer of another config would have the same state for the same variables."""
    # Of a plugin's own hyperparameters nobody knows which its state starts from.
    if name not in KERAS_ATTRIBUTES:
        return False
    if not parts.made_by_config:
        # Its own constructor may take anything, so it cannot be tried.
        return name != "use_ema"
    planned = [dry_built(parts, list(parts.variables), each).table.states for each in (parts.config, config)]
    kept = [{key: (state.shape, state.variable.dtype) for key, state in each.items()} for each in planned]
    return kept[0] == kept[1]


def is_set_here(optimizer: Any, name: str, value: object) -> bool:
    """Set an attribute that is a hyperparameter or a property, and return whether it is one.

    Raises
    ------
    ConfigError
        If it is a property of tf.Module, or a field of the config that is a member of another kind.
    """
    member, cls = getattr(type(optimizer), name, None), type(optimizer).__name__
    # A class without a Config may give its own attributes these names.
    if name in FIXED and not without_parts(optimizer):
        parts = parts_of(optimizer)
        if not isinstance(parts.config, ClassConfig):
            raise ConfigError("cannot be set", where=f"{parts.name}.{name}", received=value, hint=FIXED[name])
    if isinstance(value, int | float):
        _require_spelt(optimizer, name, value)
        _require_kept(optimizer, name, value)
    if is_hyperparameter(optimizer, name) and is_value(value):
        set_hyperparameter(parts_of(optimizer), name, value)
    elif name == "_iterations":
        optimizer.iterations = value
    elif not isinstance(member, property):
        return False
    elif member.fset is None and isinstance(getattr(tf.Module, name, None), property):
        rule = f"{name!r} is a property of tf.Module, which cannot be set"
        raise ConfigError(rule, where=cls, received=value, hint="give the attribute another name")
    else:  # tf.Module would read the property before it is set, and then track the value
        object.__setattr__(optimizer, name, value)
    return True


def _require_spelt(optimizer: Any, name: str, value: float) -> None:
    """Refuse a number for what a hyperparameter is called elsewhere: it would be an attribute, and ignored.

    Raises
    ------
    ConfigError
        If it is one.
    """
    if without_parts(optimizer) or hasattr(type(optimizer), name):
        return
    parts = parts_of(optimizer)
    fields = type(parts.config).model_fields
    if name in fields or isinstance(parts.config, ClassConfig):
        return
    # `beta1` and `clip_norm`; an attribute of a plugin with the number of the config is its own.
    meant = next((each for each in fields if each.replace("_", "") == name.replace("_", "").lower()), None)
    hint = f"write `{meant}`" if meant else type(parts.config).replaced.get(name, "")
    if hint and (meant is None or getattr(parts.config, meant) != value):
        raise ConfigError("is no hyperparameter", where=f"{parts.name}.{name}", received=value, hint=hint)


def _require_kept(optimizer: Any, name: str, value: float) -> None:
    """Refuse to count in an attribute, which happens when a step is traced and not in each step.

    Raises
    ------
    HookError
        If the attribute has another number.
    """
    before = vars(optimizer).get(name)
    # TensorFlow keeps flags in attributes that begin so.
    if not isinstance(before, int | float) or before == value or name.startswith("_self_"):
        return
    if not without_parts(optimizer) and parts_of(optimizer).in_step:
        raise HookError(
            "a number that an attribute is set to in a step changes once in a trace, not in each step",
            where=f"{type(optimizer).__name__}.{name}",
            received=value,
            hint="keep it in `add_variable(shape=())`, or read `self.iterations`",
        )


def warn_of_rows(optimizer: Any, gradients: Sequence[Gradient]) -> None:
    """Say once that a class which treats gradients of rows in its own way is given dense ones."""
    parts = parts_of(optimizer)
    if parts.warned_of_rows or not isinstance(parts.config, ClassConfig):
        return
    code = getattr(inspect.unwrap(type(optimizer).update_step), "__code__", None)
    if code is None or "IndexedSlices" not in code.co_names:
        return
    if any(isinstance(each, tf.IndexedSlices) for each in gradients):
        parts.warned_of_rows = True
        warnings.warn(
            f"{parts.name}: gradients of rows come to `update_step` dense, with zeros in the other rows, so "
            "what it does with a tf.IndexedSlices does not happen. Hint: a Config with `elementwise = True` "
            "may say `sparse: lazy`, which leaves other rows and their state alone.",
            stacklevel=3,
        )


def is_value(value: object) -> bool:
    """Whether a value is one that a hyperparameter can have, and not state under the name of one."""
    plain = bool | int | float | str | np.generic | tf.Tensor | tf.Variable
    return value is None or isinstance(value, plain) or config_of(value) is not None or callable(value)


def require_used(optimizer: Any, base: type) -> None:
    """Refuse a class written for Keras that overrides what a step would never ask.

    Raises
    ------
    ConfigError
        If it does: what it has there would silently not happen.
    """
    lineage = type(optimizer).__mro__
    for cls in lineage[: lineage.index(base)]:
        # Where there is no `update_step` it is that.
        used = {"_update_step"} if vars(cls).get("_update_step") is vars(cls).get("update_step") else set()
        for name in UNUSED.keys() & vars(cls).keys() - used:
            raise ConfigError(
                f"{name!r} of Keras' base class is not used here",
                where=cls.__name__,
                received=vars(cls)[name],
                hint=f"{UNUSED[name]}; a method of your own needs another name",
            )


def private_member(optimizer: Any, name: str) -> Any:
    """Return what a class written for Keras reads under a private name, or a hyperparameter.

    Raises
    ------
    AttributeError
        If there is no such attribute.
    """
    if hasattr(type(optimizer), name):
        # A property has raised an AttributeError: the same one again, as its message says why.
        return object.__getattribute__(optimizer, name)
    if name in PRIVATE:
        return PRIVATE[name](optimizer)
    if is_hyperparameter(optimizer, name):
        return getattr(parts_of(optimizer).config, name)
    if name in UNUSED and not without_parts(optimizer):
        rule = f"{name!r} of Keras' base class is not here"
        raise _RefusedMemberError(rule, where=type(optimizer).__name__, hint=UNUSED[name])
    raise AttributeError(f"{type(optimizer).__name__!r} object has no attribute {name!r}")


def _uses_weight_decay(optimizer: Any) -> Callable[[Variable | Working], bool]:
    def uses(variable: Variable | Working) -> bool:
        """Whether weight decay changes a variable."""
        parts = parts_of(optimizer)
        known = isinstance(variable, Working) or unwrapped(variable) in parts.variables
        excluded = parts.node.excluded_from_weight_decay
        path = optimizer.path(variable) if known else variable.name.rsplit(":", 1)[0]
        return not any(Selection.matches(path, glob) for glob in excluded)

    return uses


PRIVATE: Mapping[str, Callable[[Any], Any]] = {
    # `_index_dict` is there without it.
    "_build_index_dict": lambda _: lambda _var_list: None,
    "_create_iteration_variable": lambda optimizer: lambda: optimizer.iterations,
    "_current_learning_rate": lambda optimizer: optimizer.learning_rate,
    "_distribution_strategy": lambda _: tf.distribute.get_strategy(),
    "_get_current_learning_rate": lambda optimizer: lambda: optimizer.learning_rate,
    "_iterations": lambda optimizer: optimizer.iterations,
    "_mesh": lambda optimizer: parts_of(optimizer).mesh,
    "_overwrite_model_variables_with_average_value": lambda optimizer: optimizer.finalize_variable_values,
    "_use_weight_decay": _uses_weight_decay,
}
"""Private members of Keras' base class that can be read, as functions of the optimizer."""
