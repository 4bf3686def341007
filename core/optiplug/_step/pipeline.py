"""The hooks of one optimizer, in config order, and how a stage folds over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

import pluggy
import tensorflow as tf

from optiplug._hookspecs import ORDER, STAGES_OF_SHARES, HookSpecs, Part, Stage, hook_names
from optiplug._state.stateful import StateOwner
from optiplug._state.table import SlotTable
from optiplug._types import Gradient, Tensor, Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import ConfigError, HookError

from .hook import Hook
from .hook_checks import checked, checked_decision, described, origin, require_fitting, require_plain
from .step import Step
from .traced_values import naming_hook

__all__ = ["Pipeline"]

_OF_SUMS: tuple[Part, ...] = ("gate", "core")


class Pipeline:
    """The hooks of one optimizer: verified once, when it is created, and called while a step is traced.

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
        # Not `load_setuptools_entrypoints`, which imports every plugin: docs/design/own-index-of-plugins.md.
        self._manager = pluggy.PluginManager("optiplug")
        self._manager.add_hookspecs(HookSpecs)
        self._hooks: dict[str, Hook] = {}
        for hook in hooks:
            self._hooks[hook.name] = hook
            # An idle gate would still cost its condition: docs/design/the-compiled-step.md.
            if not hook.idle:
                self._register(hook)
        self.loss_scalers = self._found_loss_scalers()
        self._require_sums()
        self._stages: dict[Part, list[Stage]] = {}
        for stage in ORDER:
            if stage.takes_hooks and self.uses(stage.name):
                self._stages.setdefault(stage.part, []).append(stage)
        self._chosen = (
            # Before there are variables every pattern would match none, which is an error.
            {hook.name: hook.chosen(variables) for hook in self._hooks.values()} if variables else {}
        )

    def _register(self, hook: Hook) -> None:
        methods = hook.methods
        for name in hook_names(hook.plugin):
            # Who it is is asked where it is refused: an optimizer is not made yet.
            require_plain(name, getattr(methods, name), lambda: described(hook.name, hook.plugin))
        try:
            self._manager.register(methods, name=hook.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            # pluggy's messages have several lines; ours have one.
            raise HookError(str(error).replace("\n", " "), where=described(hook.name, hook.plugin)) from error
        require_fitting(self._manager, hook.name, methods)

    @property
    def processors(self) -> dict[str, Any]:
        """The processors by name, idle ones included."""
        return {hook.name: hook.plugin for hook in self._hooks.values() if not hook.formula}

    def _require_sums(self) -> None:
        """Refuse a gate before the sum over replicas behind one that takes the sum."""
        summing: list[str] = []
        for gate in map(self._hooks.__getitem__, self._names("gate")):
            if not gate.before_sum:
                summing.append(gate.name)
            elif summing:
                raise ConfigError(
                    "what takes the gradients of each replica must come before gates that take their sum",
                    where=gate.name,
                    received=summing,
                    hint="list it before them, or let it take the sum, too",
                )

    @cached_property
    def before_sum(self) -> list[str]:
        """The names of the gates that take the gradients of one replica, before these are summed."""
        return [name for name in self._names("gate") if self._hooks[name].before_sum]

    @property
    def after_sum(self) -> bool:
        """Whether any gate takes the sum of gradients over replicas."""
        return not all(self._hooks[name].before_sum for name in self._names("gate"))

    def _found_loss_scalers(self) -> dict[str, Any]:
        """Return the processor that multiplies the loss, by its name; there is one at most."""
        # Not a stage: it comes before there are gradients, outside of any step.
        found = {hook.name: hook.plugin for hook in self._active if hasattr(hook.plugin, "scale_loss")}
        if len(found) > 1:
            raise ConfigError(
                "only one processor can scale the loss", received=list(found), hint="leave out the others"
            )
        return found

    @property
    def _active(self) -> list[Hook]:
        """The processors that take part in a step."""
        return [hook for hook in self._hooks.values() if not hook.idle and not hook.formula]

    def decays(self, owner: str) -> dict[str, frozenset[int]]:
        """Return the ids of the variables that each weight decay below an owner of state applies to."""
        prefix = f"{owner}/" if owner else ""
        return {
            hook.name: frozenset() if hook.idle else self._chosen[hook.name]
            for hook in self._hooks.values()
            if hook.decays and hook.name.startswith(prefix)
        }

    def build_state(self, table: SlotTable) -> None:
        """Let stateful processors create their state for the variables that they apply to."""
        for hook in self._active:
            if hook.stateful is not None:
                # In config order, which is the order of creation and so that of `set_weights`.
                owner = StateOwner(hook.name, table, self._variables, sees_whole=hook.sees_whole)
                hook.stateful.attach(owner)
                chosen = self._chosen[hook.name]
                if chosen:
                    hook.stateful.build([each for each in self._variables if id(each) in chosen])

    def applied_elementwise(self, variable: Variable) -> frozenset[str] | None:
        """Return the names of the hooks of a variable; None if one of them is not elementwise."""
        if self.not_elementwise(variable):
            return None
        # A set, as it is compared between variables: members of a pack need the same hooks.
        return frozenset(hook.name for hook in self._applied(variable))

    def not_elementwise(self, variable: Variable) -> list[str]:
        """Return the names of the hooks of a variable that need the whole of it."""
        return [hook.name for hook in self._applied(variable) if not hook.elementwise]

    def needing_whole(self, variable: Variable) -> list[str]:
        """Return the names of the hooks of a variable that a share of it is not enough for."""
        return [hook.name for hook in self._applied(variable) if hook.needs_whole]

    @property
    def seeing_whole(self) -> list[str]:
        """The names of the hooks that take part before the stage `share` only."""
        return [hook.name for hook in self._active if hook.sees_whole]

    def seeing_sum(self, variable: Variable) -> bool:
        """Whether a hook looks at the gradient of a variable, as it was summed, before the stage `share`."""
        stages = (stage for part in _OF_SUMS for stage in self.stages(part))
        names = {stage.name for stage in stages if stage.passes == "gradients"} - STAGES_OF_SHARES
        return any(id(variable) in chosen for name in names for _, chosen in self.chain(name))

    def refusing_complex(self, variable: Variable) -> list[str]:
        """Return the names of the hooks of a variable that are for real ones only."""
        return [hook.name for hook in self._applied(variable) if hook.refuses_complex]

    def refusing_mesh(self) -> list[tuple[str, str]]:
        """Return the names of the hooks that cannot run on a mesh, each with the reason."""
        hooks = (hook for hook in self._active if self._chosen.get(hook.name))
        return [(hook.name, hook.no_mesh) for hook in hooks if hook.no_mesh]

    def _applied(self, variable: Variable) -> list[Hook]:
        return [hook for hook in self._active if id(variable) in self._chosen[hook.name]]

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

    @property
    def accumulated(self) -> frozenset[int]:
        """The ids of the variables whose gradients a gate holds back."""
        gates = (self._hooks[name] for name in self._names("gate"))
        return frozenset().union(*(self._chosen[gate.name] for gate in gates if gate.accumulates))

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
        # A copy, since the list of the caller is replaced element by element.
        values = list(values)
        for implementation in self._implementations(stage.name):
            view, positions = self._view(implementation, step)
            if positions:
                given = [values[position] for position in positions]
                where = self._where(stage, implementation)
                result = _call(implementation, where, **{stage.passes: given, "step": view})
                _replace(values, positions, checked(result, given, where))
        return values

    def decide(
        self, stage: Stage, values: Sequence[Tensor], step: Step, takes_part: Callable[[Hook], bool]
    ) -> list[Tensor]:
        """Hand `values` through gates, which decide too; a gate after one that says no changes nothing.

        `step.frame.proceeds` is the decision. What has no gradient in this call is shown to a gate that
        accumulates, and to those after it. Gates that do not take part have decided, or will.
        """
        values, hidden = list(values), set(step.numbers.given)
        for implementation in self._implementations(stage.name):
            hook = self._hooks[implementation.plugin_name]
            accumulates = hook.accumulates
            view, positions = self._view(implementation, step, set() if accumulates else hidden)
            if not takes_part(hook):
                hidden -= {each.key for each in view.variables} if accumulates else set()
            elif positions:
                given = [values[position] for position in positions]
                where = self._where(stage, implementation)
                result = _call(implementation, where, **{stage.passes: given, "step": view})
                accumulated = len(given) if accumulates else None
                new, proceed, present = checked_decision(result, where, accumulated=accumulated)
                _replace(values, positions, checked(new, given, where))
                if accumulates:
                    hidden -= step.give(view.variables, present)
                # Before the next gate, whose assignments count only then: docs/design/the-compiled-step.md.
                step.frame.require(proceed)
        return values

    def run(self, stage: Stage, step: Step) -> None:
        """Call the hooks of a stage that returns nothing."""
        for implementation in self._implementations(stage.name):
            if self._chosen[implementation.plugin_name]:
                view, _ = self._view(implementation, step)
                _call(implementation, self._where(stage, implementation), step=view)

    def _implementations(self, stage: str) -> list[pluggy.HookImpl]:
        # pluggy calls the last one first; this list is in the order of registration.
        implementations: list[pluggy.HookImpl] = getattr(self._manager.hook, stage).get_hookimpls()
        return implementations

    def _names(self, stage: str) -> list[str]:
        return [each.plugin_name for each in self._implementations(stage)]

    def _where(self, stage: Stage, implementation: pluggy.HookImpl) -> str:
        hook = self._hooks[implementation.plugin_name]
        return f"hook {stage.name!r} of {described(hook.name, hook.plugin)}"

    def _view(
        self, implementation: pluggy.HookImpl, step: Step, hidden: Collection[int] = ()
    ) -> tuple[Step, list[int]]:
        """Return the step as a hook sees it, and the positions of its variables among all."""
        chosen = self._chosen[implementation.plugin_name]

        def is_chosen(key: int) -> bool:
            # Members of a pack have the same hooks, so the first one stands for all.
            return self._first(key) in chosen and key not in hidden

        positions = [position for position, variable in enumerate(step.variables) if is_chosen(variable.key)]
        return step.restricted(is_chosen), positions


def _replace(values: list[Gradient], positions: Sequence[int], new: Sequence[Gradient]) -> None:
    for position, value in zip(positions, new, strict=True):
        values[position] = value


def _call(implementation: pluggy.HookImpl, where: str, **available: object) -> Any:
    # The scope names the hook in graphs and in messages of XLA. TensorFlow allows no other letters in it,
    # and some of these not at its start.
    scope = re.sub(r"[^A-Za-z0-9_.]", "_", implementation.plugin_name)
    with tf.name_scope(scope if scope[0].isalnum() else f"hook{scope}"), naming_hook(where):
        return implementation.function(*[available[name] for name in implementation.argnames])
