"""Checks of a hook when it is listed, and of what it returns while a step is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, iscoroutinefunction, signature

import pluggy
import tensorflow as tf

from optiplug import registry
from optiplug._hookspecs import STAGES, HookSpecs, hook_options
from optiplug._types import Gradient, Tensor
from optiplug.errors import BuildError, HookError, PluginError, nearest

__all__ = ["checked", "checked_decision", "described", "origin", "require_fitting", "require_plain"]

# The options of pluggy that change when a hook runs; the config alone says the order.
_ORDERING = ("tryfirst", "trylast", "wrapper", "hookwrapper")


def require_plain(name: str, method: Callable[..., object], owner: Callable[[], str]) -> None:
    """Refuse any order but the config's, and arguments that are not those of the stage.

    Raises
    ------
    HookError
        If it asks to run first or last, or takes arguments that it would not get; it may leave out some.
    """
    options = hook_options(method)
    for option in _ORDERING:
        if options.get(option):
            raise HookError(
                "hooks run in the order of the config and in no other",
                where=f"hook {name!r} of {owner()}",
                received=f"{option}=True",
                hint="remove the option and move the entry in `processors`",
            )
    if name in STAGES:  # else `require_fitting` says so
        _require_arguments(name, method, owner)


def _require_arguments(name: str, method: Callable[..., object], owner: Callable[[], str]) -> None:
    known = [each for each in signature(getattr(HookSpecs, name)).parameters if each != "self"]
    if iscoroutinefunction(method):
        rule = "a hook must be a plain method, without `async`"
        raise HookError(rule, where=f"hook {name!r} of {owner()}", received=method)
    for argument in signature(method).parameters.values():
        required = argument.default is Parameter.empty
        if argument.name in known and required and argument.kind is Parameter.POSITIONAL_OR_KEYWORD:
            continue
        # What is not known and has a default is a matter of the hook.
        if argument.name not in known and not required:
            continue
        raise HookError(
            f"a hook takes the arguments of its stage by name, without defaults: {', '.join(known)}",
            where=f"hook {name!r} of {owner()}",
            received=str(argument),
            hint=nearest(argument.name, set(known) - {argument.name}),
        )


def require_fitting(manager: pluggy.PluginManager, name: str, hook: object) -> None:
    """Refuse what pluggy would accept, or notice late.

    Raises
    ------
    HookError
        If a registered hook takes part in no stage, or in an unknown one.
    """
    where = described(name, hook)
    callers = manager.get_hookcallers(hook) or []
    if not callers:
        hint = f"mark a method named after a stage ({', '.join(STAGES)}) with @hookimpl"
        rule = "a processor must take part in at least one stage"
        raise HookError(rule, where=where, received=hook, hint=hint)
    # pluggy lists unknown hooks, too: it verifies names only when asked, and then of all plugins.
    for caller in callers:
        if not caller.has_spec():
            hint = nearest(caller.name, STAGES) or f"the stages are {', '.join(STAGES)}"
            raise HookError(
                "a hook must be named after a stage", where=where, received=caller.name, hint=hint
            )


def checked(result: object, given: Sequence[Gradient], where: str) -> list[Gradient]:
    """Return what a hook gave back, if it has the length, shapes and dtypes of what it was given.

    Raises
    ------
    HookError
        If it has not; `where` names the hook and its stage.
    """
    # A tensor can be iterated over, and would pass as a list of its rows.
    if not isinstance(result, list | tuple):
        raise HookError("a list of tensors must be returned", where=where, received=result)
    if len(result) != len(given):
        rule = f"{len(given)} tensors must be returned, one for each that was given"
        raise HookError(rule, where=where, received=f"{len(result)} of them")
    return [_like(*each, index, where) for index, each in enumerate(zip(result, given, strict=True))]


def _like(value: object, old: Gradient, index: int, where: str) -> Gradient:
    if value is None:
        raise HookError(
            "a tensor must be returned in every place", where=where, received=f"None in place {index}"
        )
    # Sparse gradients stay sparse before they are summed over replicas.
    new = value if isinstance(value, tf.IndexedSlices) else tf.convert_to_tensor(value)
    # Checked while tracing, where the name of the hook is known; XLA's own message has none.
    if not new.shape.is_compatible_with(old.shape) or new.dtype != old.dtype:
        raise HookError(
            f"a {old.dtype.name} tensor of shape {old.shape} must be returned in place {index}",
            where=where,
            received=f"{new.dtype.name} {new.shape}",
        )
    return new


def checked_decision(
    result: object, where: str, *, accumulated: int | None = None
) -> tuple[object, Tensor, Sequence[Tensor]]:
    """Return the gradients and the decision of a gate, and of one that accumulates what has a gradient.

    `accumulated` is the number of gradients of a gate that accumulates.

    Raises
    ------
    HookError
        If there is not all of this, or if what has to be one is no scalar boolean; `where` names the hook
        and its stage.
    """
    parts = ["gradients", "proceed"] if accumulated is None else ["gradients", "proceed", "given"]
    if not isinstance(result, tuple) or len(result) != len(parts):
        raise HookError(f"({', '.join(parts)}) must be returned", where=where, received=result)
    proceed = _scalar_boolean(result[1], "proceed", where)
    given = result[2] if accumulated is not None else []
    if not isinstance(given, list | tuple) or len(given) != (accumulated or 0):
        raise HookError("`given` must be a list with one for each gradient", where=where, received=given)
    return result[0], proceed, [_scalar_boolean(each, "given", where) for each in given]


def _scalar_boolean(value: object, name: str, where: str) -> Tensor:
    tensor = tf.convert_to_tensor(value)
    if tensor.dtype != tf.bool or tensor.shape.rank != 0:
        rule = f"`{name}` must be a scalar boolean tensor"
        raise HookError(rule, where=where, received=f"{tensor.dtype.name} {tensor.shape}")
    return tensor


def described(name: str, hook: object) -> str:
    """Name a hook with the distribution it comes from."""
    return f"{name!r} ({origin(hook)})"


def origin(hook: object) -> str:
    """Return where a hook comes from: its distribution and version, or its class."""
    try:
        entry = registry.find("processors", registry.reference_of(type(getattr(hook, "config", hook))))
    except (PluginError, BuildError):  # an optimizer that is being made has no config yet
        return f"{type(hook).__module__}.{type(hook).__qualname__}"
    return f"{entry.distribution} {entry.version}"
