"""The hooks of one optimizer, in config order, and how a stage folds over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pluggy
import tensorflow as tf

from optiplug._hookspecs import ORDER, HookSpecs, Part, Stage
from optiplug._state.stateful import StateOwner
from optiplug._state.table import SlotTable
from optiplug._types import Gradient, Tensor, Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import HookError

from .hook import Hook
from .hook_checks import checked, checked_decision, described, origin, require_fitting
from .step import Step

__all__ = ["Pipeline"]


class Pipeline:
    """Verifies hooks once, when it is made; folds over them while a step is traced.

    A plain pluggy call hands each hook the original input, last registered first. A chain hands
    on each result, first listed first, so the pipeline walks pluggy's own list of verified
    implementations in config order, the only order there is. A pipeline never changes: where hooks
    or variables do, another one takes its place. `first` gives the `id` of a model variable for that of
    what stands for several in a step: of the first of them.

    Raises
    ------
    HookError
        If a hook does not fit its stages.
    ConfigError
        If a hook selects variables by a pattern that matches none.
    """

    def __init__(self, hooks: Iterable[Hook], variables: ModelVariables, first: Callable[[int], int]) -> None:
        self._variables, self._first = variables, first
        self._manager = pluggy.PluginManager("optiplug")
        self._manager.add_hookspecs(HookSpecs)
        self._hooks: dict[str, Hook] = {}
        for hook in hooks:
            self._hooks[hook.name] = hook
            if not hook.idle:
                self._register(hook)
        self._stages: dict[Part, list[Stage]] = {}
        for stage in ORDER:
            if stage.takes_hooks and self.uses(stage.name):
                self._stages.setdefault(stage.part, []).append(stage)
        self._chosen = (
            {hook.name: hook.chosen(variables) for hook in self._hooks.values()} if variables else {}
        )

    def _register(self, hook: Hook) -> None:
        methods = hook.methods
        try:
            self._manager.register(methods, name=hook.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise HookError(str(error).replace("\n", " "), where=described(hook.name, hook.plugin)) from error
        require_fitting(self._manager, hook.name, methods)

    @property
    def processors(self) -> dict[str, Any]:
        """The processors by name, idle ones included."""
        return {hook.name: hook.plugin for hook in self._hooks.values() if not hook.formula}

    @property
    def _active(self) -> list[Hook]:
        """The processors that take part in a step."""
        return [hook for hook in self._hooks.values() if not hook.idle and not hook.formula]

    def build_state(self, table: SlotTable) -> None:
        """Let stateful processors create their state for the variables that they apply to."""
        for hook in self._active:
            if hook.stateful is not None:
                hook.stateful.attach(StateOwner(hook.name, table, self._variables))
                chosen = self._chosen[hook.name]
                if chosen:
                    hook.stateful.build([each for each in self._variables if id(each) in chosen])

    def applied_elementwise(self, variable: Variable) -> frozenset[str] | None:
        """Return what applies to a variable; None if any of it has to see the variable by itself."""
        applied = [hook for hook in self._active if id(variable) in self._chosen[hook.name]]
        if not all(hook.elementwise for hook in applied):
            return None
        return frozenset(hook.name for hook in applied)

    def treats_alike(self, variables: Iterable[Variable]) -> bool:
        """Whether the same hooks apply to these variables, and treat all of their elements alike."""
        applied = {self.applied_elementwise(variable) for variable in variables}
        return len(applied) == 1 and None not in applied

    def uses(self, stage: str) -> bool:
        """Whether any hook takes part in a stage."""
        return bool(self._implementations(stage))

    def stages(self, part: Part) -> Sequence[Stage]:
        """Return the stages of a part of the step in which any hook takes part."""
        return self._stages.get(part, ())

    def with_slots(self, part: Part) -> list[str]:
        """Return the names of the hooks in a part of the step that keep state for each variable."""
        names = [name for stage in self.stages(part) for name in self._names(stage.name)]
        hooks = (self._hooks[name] for name in dict.fromkeys(names))
        return [hook.name for hook in hooks if hook.stateful is not None and hook.stateful.has_slots]

    def needing_all_rows(self) -> list[str]:
        """Return the names of the hooks that say that some rows of a table are not enough for them."""
        return [hook.name for hook in self._active if hook.needs_all_rows]

    def chain(self, stage: str) -> list[tuple[str, frozenset[int]]]:
        """Return the names of the hooks of a stage in order, each with the ids of its variables."""
        return [(name, self._chosen[name]) for name in self._names(stage)]

    def origin(self, name: str) -> str:
        """Return where a hook comes from: its distribution and version, or its class."""
        return origin(self._hooks[name].plugin)

    def fold(self, stage: Stage, values: Sequence[Gradient], step: Step) -> list[Gradient]:
        """Hand `values`, one for each of `step.variables`, through the hooks of a stage."""
        values = list(values)
        for implementation in self._implementations(stage.name):
            view, places = self._view(implementation, step)
            if places:
                given = [values[place] for place in places]
                result = _call(implementation, **{stage.passes: given, "step": view})
                _replace(values, places, checked(result, given, self._where(stage, implementation)))
        return values

    def decide(self, stage: Stage, values: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Hand `values` through gates, which decide too; a gate after one that says no changes nothing.

        `step.frame.proceeds` is the decision.
        """
        values = list(values)
        for implementation in self._implementations(stage.name):
            view, places = self._view(implementation, step)
            if places:
                given, where = [values[place] for place in places], self._where(stage, implementation)
                result = _call(implementation, **{stage.passes: given, "step": view})
                new, proceed = checked_decision(result, where)
                _replace(values, places, checked(new, given, where))
                step.frame.require(proceed)
        return values

    def run(self, stage: Stage, step: Step) -> None:
        """Call the hooks of a stage that returns nothing."""
        for implementation in self._implementations(stage.name):
            if self._chosen[implementation.plugin_name]:
                view, _ = self._view(implementation, step)
                _call(implementation, step=view)

    def _implementations(self, stage: str) -> list[pluggy.HookImpl]:
        implementations: list[pluggy.HookImpl] = getattr(self._manager.hook, stage).get_hookimpls()
        return implementations

    def _names(self, stage: str) -> list[str]:
        return [each.plugin_name for each in self._implementations(stage)]

    def _where(self, stage: Stage, implementation: pluggy.HookImpl) -> str:
        hook = self._hooks[implementation.plugin_name]
        return f"hook {stage.name!r} of {described(hook.name, hook.plugin)}"

    def _view(self, implementation: pluggy.HookImpl, step: Step) -> tuple[Step, list[int]]:
        """Return the step as a hook sees it, and the places of its variables among all."""
        chosen = self._chosen[implementation.plugin_name]

        def is_chosen(key: int) -> bool:
            return self._first(key) in chosen

        places = [place for place, variable in enumerate(step.variables) if is_chosen(variable.key)]
        return step.restricted(is_chosen), places


def _replace(values: list[Gradient], places: Sequence[int], new: Sequence[Gradient]) -> None:
    for place, value in zip(places, new, strict=True):
        values[place] = value


def _call(implementation: pluggy.HookImpl, **available: object) -> Any:
    # TensorFlow takes no other letters in a scope, and some of these not at its start.
    scope = re.sub(r"[^A-Za-z0-9_.]", "_", implementation.plugin_name)
    with tf.name_scope(scope if scope[0].isalnum() else f"hook{scope}"):
        return implementation.function(*[available[name] for name in implementation.argnames])
