"""The hooks of one optimizer, in config order, and how a stage folds over them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pluggy
import tensorflow as tf

from optiplug import registry
from optiplug._config.elementwise import is_elementwise
from optiplug._config.kinds import ProcessorConfig
from optiplug._config.variable_selection import select
from optiplug._hookspecs import STAGES, HookSpecs, hook_names
from optiplug._state.stateful import Stateful
from optiplug._state.table import SlotTable
from optiplug._variables.model_variables import Parameters
from optiplug._variables.packing import Pack
from optiplug.errors import HookError, PluginError, UnknownPluginError, nearest

from .step import Step

__all__ = ["Pipeline"]


class Pipeline:
    """Verifies hooks once, when it is made; folds over them while a step is traced.

    A plain pluggy call hands each hook the original input, last registered first. A chain hands
    on each result, first listed first, so the pipeline walks pluggy's own list of verified
    implementations in config order, the only order there is.
    """

    def __init__(self, processors: Iterable[Any] = ()) -> None:
        self.processors: dict[str, Any] = {}
        self._formulas: dict[str, Any] = {}
        self._limits: dict[str, Sequence[Any]] = {}
        self._chosen: dict[str, frozenset[int]] = {}
        self._manager = pluggy.PluginManager("optiplug")
        self._manager.add_hookspecs(HookSpecs)
        self.extend(processors)

    def extend(
        self, processors: Iterable[Any], *, owner: str = "", variables: Sequence[Any] | None = None
    ) -> None:
        """Append the processors of an optimizer; one that is inside of another has a name and variables."""
        for processor in processors:
            hook = processor.create() if isinstance(processor, ProcessorConfig) else processor
            own = _name_of(hook)
            name = _unique(f"{owner}/{own}" if owner else own, self.processors)
            self.processors[name] = hook
            self._limit(name, variables)
            if not getattr(hook, "idle", False):
                self._register(name, hook)

    def extend_by_formula(self, name: str, optimizer: Any, variables: Sequence[Any] | None) -> None:
        """Append the stages in which an optimizer itself takes part."""
        stages = hook_names(optimizer)
        if stages:
            # The methods alone: pluggy would read every property of the optimizer.
            self._formulas[name] = optimizer
            self._limit(name, variables)
            self._register(name, SimpleNamespace(**{stage: getattr(optimizer, stage) for stage in stages}))

    def _limit(self, name: str, variables: Sequence[Any] | None) -> None:
        if variables is not None:
            self._limits[name] = variables

    def _register(self, name: str, hook: Any) -> None:
        try:
            self._manager.register(hook, name=name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise HookError(str(error).replace("\n", " "), where=_described(name, hook)) from error
        _verify(self._manager, name, hook)

    def select(self, parameters: Parameters) -> None:
        """Freeze which variables each hook applies to."""
        for name, hook in [*self.processors.items(), *self._formulas.items()]:
            config = getattr(hook, "config", None)
            chosen = list(self._limits.get(name, parameters))
            if isinstance(config, ProcessorConfig):
                ranks = {parameters.path(variable): variable.shape.rank or 0 for variable in chosen}
                paths = set(select(config, ranks, where=name))
                chosen = [variable for variable in chosen if parameters.path(variable) in paths]
            self._chosen[name] = frozenset(map(id, chosen))

    def build(self, table: SlotTable, parameters: Parameters) -> None:
        """Let stateful hooks create their state for the variables that they apply to."""
        for name, hook in [*self._active(), *self._formulas.items()]:
            chosen = self._chosen[name]
            if isinstance(hook, Stateful) and name in self.processors:
                hook.attach(name, table, parameters)
                if chosen:
                    hook.build([variable for variable in parameters if id(variable) in chosen])
            whole = [pack for pack in parameters.packs if chosen.issuperset(map(id, pack.members))]
            self._chosen[name] = chosen.union(map(id, whole))

    def _active(self) -> list[tuple[str, Any]]:
        return [(name, hook) for name, hook in self.processors.items() if not getattr(hook, "idle", False)]

    def kind(self, variable: Any) -> frozenset[str] | None:
        """Return what applies to a variable; None if any of it has to see the variable by itself."""
        applied = [(name, hook) for name, hook in self._active() if id(variable) in self._chosen[name]]
        if not all(is_elementwise(type(hook)) for _, hook in applied):
            return None
        return frozenset(name for name, _ in applied)

    def joins(self, pack: Pack) -> bool:
        """Whether the members of a pack may reach all hooks as one."""
        kinds = {self.kind(member) for member in pack.members}
        return not pack.split_up and len(kinds) == 1 and None not in kinds

    def uses(self, stage: str) -> bool:
        """Whether any hook takes part in a stage."""
        return bool(self._implementations(stage))

    def with_slots(self, stage: str) -> list[str]:
        """Return the names of the hooks in a stage that keep state for each variable."""
        return [
            implementation.plugin_name
            for implementation in self._implementations(stage)
            if isinstance(implementation.plugin, Stateful) and implementation.plugin.has_slots
        ]

    def needing_all_rows(self) -> list[str]:
        """Return the names of the hooks that say that some rows of a table are not enough for them."""
        configs = ((name, getattr(hook, "config", None)) for name, hook in self._active())
        return [
            name
            for name, config in configs
            if isinstance(config, ProcessorConfig)
            and not (config.elementwise if config.takes_rows is None else config.takes_rows)
        ]

    def chain(self, stage: str) -> list[tuple[str, frozenset[int]]]:
        """Return the names of the hooks of a stage in order, each with the ids of its variables."""
        names = [each.plugin_name for each in self._implementations(stage)]
        return [(name, self._chosen[name]) for name in names]

    def origin(self, name: str) -> str:
        """Return where a hook comes from: its distribution and version, or its class."""
        return _origin(self.processors.get(name) or self._formulas[name])

    def fold(self, stage: str, values: Sequence[Any], step: Step) -> list[Any]:
        """Hand `values`, one for each of `step.variables`, through the hooks of a stage."""
        values = list(values)
        for implementation in self._implementations(stage):
            view, places = self._view(implementation, step)
            if places:
                given = [values[place] for place in places]
                result = _call(implementation, gradients=given, updates=given, rates=given, step=view)
                for place, value in zip(places, _checked(result, given, stage, implementation), strict=True):
                    values[place] = value
        return values

    def gate(self, gradients: Sequence[Any], step: Step) -> tuple[list[Any], Any]:
        """Hand gradients through the gates; a gate after one that says no changes nothing.

        Returns the gradients, and whether the step happens as a scalar boolean tensor.
        """
        gradients = list(gradients)
        for implementation in self._implementations("gate"):
            view, places = self._view(implementation, step)
            if places:
                given = [gradients[place] for place in places]
                result = _call(implementation, gradients=given, step=view)
                new, proceed = _pair(result, implementation)
                for place, value in zip(places, _checked(new, given, "gate", implementation), strict=True):
                    gradients[place] = value
                before = step.frame.condition
                step.frame.condition = proceed if before is None else tf.logical_and(before, proceed)
        return gradients, tf.constant(True) if step.frame.condition is None else step.frame.condition

    def run(self, stage: str, step: Step) -> None:
        """Call the hooks of a stage that returns nothing."""
        for implementation in self._implementations(stage):
            if self._chosen[implementation.plugin_name]:
                view, _ = self._view(implementation, step)
                _call(implementation, step=view)

    def _implementations(self, stage: str) -> list[Any]:
        implementations: list[Any] = getattr(self._manager.hook, stage).get_hookimpls()
        return implementations

    def _view(self, implementation: Any, step: Step) -> tuple[Step, list[int]]:
        chosen = self._chosen[implementation.plugin_name]
        places = [place for place, variable in enumerate(step.variables) if variable.key in chosen]
        return step.select(chosen), places


def _call(implementation: Any, **available: Any) -> Any:
    # TensorFlow takes no other letters in a scope, and some of these not at its start.
    scope = re.sub(r"[^A-Za-z0-9_.]", "_", implementation.plugin_name)
    with tf.name_scope(scope if scope[0].isalnum() else f"hook{scope}"):
        return implementation.function(*[available[name] for name in implementation.argnames])


def _checked(result: Any, given: Sequence[Any], stage: str, implementation: Any) -> list[Any]:
    """Return what a hook gave back, if it has the length, shapes and dtypes of what it was given."""
    where = f"hook {stage!r} of {_described(implementation.plugin_name, implementation.plugin)}"
    if not isinstance(result, list | tuple):
        raise HookError("a list of tensors must be returned", where=where, received=result)
    if len(result) != len(given):
        rule = f"{len(given)} tensors must be returned, one for each that was given"
        raise HookError(rule, where=where, received=f"{len(result)} of them")
    checked = []
    for place, (value, old) in enumerate(zip(result, given, strict=True)):
        if value is None:
            raise HookError(
                "a tensor must be returned in every place", where=where, received=f"None in place {place}"
            )
        new = value if isinstance(value, tf.IndexedSlices) else tf.convert_to_tensor(value)
        if not new.shape.is_compatible_with(old.shape) or new.dtype != old.dtype:
            raise HookError(
                f"a {old.dtype.name} tensor of shape {old.shape} must be returned in place {place}",
                where=where,
                received=f"{new.dtype.name} {new.shape}",
            )
        checked.append(new)
    return checked


def _pair(result: Any, implementation: Any) -> tuple[Any, Any]:
    where = f"hook 'gate' of {_described(implementation.plugin_name, implementation.plugin)}"
    if not isinstance(result, tuple) or len(result) != 2:
        raise HookError("(gradients, proceed) must be returned", where=where, received=result)
    proceed = tf.convert_to_tensor(result[1])
    if proceed.dtype != tf.bool or proceed.shape.rank != 0:
        rule = "`proceed` must be a scalar boolean tensor"
        raise HookError(rule, where=where, received=f"{proceed.dtype.name} {proceed.shape}")
    return result[0], proceed


def _verify(manager: pluggy.PluginManager, name: str, hook: Any) -> None:
    """Refuse what pluggy would accept, or notice late: unknown stages and any order but the config's."""
    where = _described(name, hook)
    callers = manager.get_hookcallers(hook) or []
    if not callers:
        hint = f"mark a method named after a stage ({', '.join(STAGES)}) with @hookimpl"
        raise HookError("a hook must take part in at least one stage", where=where, received=hook, hint=hint)
    for caller in callers:
        if not caller.has_spec():
            hint = nearest(caller.name, STAGES) or f"the stages are {', '.join(STAGES)}"
            raise HookError(
                "a hook must be named after a stage", where=where, received=caller.name, hint=hint
            )
        for implementation in caller.get_hookimpls():
            refused = [
                option
                for option in ("tryfirst", "trylast", "wrapper", "hookwrapper")
                if implementation.plugin is hook and getattr(implementation, option)
            ]
            if refused:
                raise HookError(
                    "hooks run in the order of the config and in no other",
                    where=f"hook {caller.name!r} of {where}",
                    received=f"{refused[0]}=True",
                    hint="remove the option and move the entry in `processors`",
                )


def _name_of(hook: Any) -> str:
    config = getattr(hook, "config", None)
    if isinstance(config, ProcessorConfig):
        if config.name:
            return config.name
        with suppress(UnknownPluginError):
            return registry.reference_of(type(config)).partition("@")[0]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(hook).__name__).lower()


def _unique(name: str, taken: Iterable[str]) -> str:
    number, unique, names = 1, name, set(taken)
    while unique in names:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _described(name: str, hook: Any) -> str:
    """Name a hook with the distribution it comes from."""
    return f"{name!r} ({_origin(hook)})"


def _origin(hook: Any) -> str:
    try:
        entry = registry.find("processors", registry.reference_of(type(getattr(hook, "config", hook))))
    except PluginError:
        return f"{type(hook).__module__}.{type(hook).__qualname__}"
    return f"{entry.distribution} {entry.version}"
