"""Nested optimizers: each updates some of the variables, in one step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape
from typing import Any, TypeVar

from optiplug import registry
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug._hookspecs import ORDER, hook_names
from optiplug._state.dry_run import dry_running
from optiplug._state.stateful import Stateful, StateOwner
from optiplug._step.hook import Hook
from optiplug._step.step import Rate
from optiplug._step.traced_values import naming_formula
from optiplug._tf_private import converted
from optiplug._types import Tensor, Variable
from optiplug._variables.capture import Working
from optiplug.errors import ConfigError, UnknownPluginError

from .class_config import ClassConfig
from .exclusions import DecayExclusions
from .learning_rate import LearningRate
from .update_rule import UpdateRule

__all__ = ["OptimizerNode", "require_nestable"]

Item = TypeVar("Item")

# Fields that only the outermost optimizer may set, with their defaults: docs/design/nesting.md.
_OF_THE_STEP = {"sparse": "exact", "jit_compile": True}
# What happens to all gradients at once, whichever optimizer a variable belongs to.
_STAGES_OF_THE_STEP = {stage.name for stage in ORDER if stage.part in ("replica", "gate")}


@dataclass(eq=False)
class OptimizerNode:
    """A node of the tree of optimizers: its own variables, and the nodes of the optimizers nested in it.

    A nested optimizer shares the step, the counter and the table of state of the outermost one. The
    names of its state begin with its own name. Its processors see its variables only.
    """

    optimizer: UpdateRule
    config: Any
    owner: StateOwner
    learning_rate: LearningRate
    first: Callable[[int], int]
    exclusions: DecayExclusions
    create_inside: Callable[[OptimizerConfig, str], OptimizerNode]
    variables: Sequence[Variable] = ()
    # Whether Python's `if` and loops in the formula are converted to those of TensorFlow.
    converts: bool = False
    inside: dict[str, OptimizerNode] = field(default_factory=dict)
    # By `id`, since a tf.Variable is not hashable.
    _group_of: dict[int, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[OptimizerNode]:
        """Iterate over this node and all nested ones, depth first."""
        yield self
        for node in self.inside.values():
            yield from node

    @property
    def name(self) -> str:
        """The name in the config, else the one in the registry, else that of the class."""
        if self.config.name:
            return str(self.config.name)
        try:
            return registry.reference_of(type(self.config))
        except UnknownPluginError:
            return type(self.optimizer).__name__

    @property
    def excluded_from_weight_decay(self) -> tuple[str, ...]:
        """Globs on the paths of its variables that weight decay leaves alone."""
        paths = ((each, self.owner.model_variables.path(each)) for each in self.variables)
        return tuple(escape(path) for each, path in paths if self.exclusions.excludes(each, path))

    def require_exclusions(self, decaying: Mapping[str, frozenset[int]], *, complete: bool) -> None:
        """Refuse exclusions from weight decay that exclude nothing or everything, or that nothing reads.

        `decaying` are the variables of each weight decay below this optimizer; they are not all if it is not
        `complete`: a formula of a user's own may decay, too.
        """
        if not self.exclusions or not self.variables:
            return
        # Of the whole model, whichever group they are in: one list of exclusions serves all groups.
        known = self.owner.model_variables
        paths = list(map(known.path, known))
        where = f"{self.name}.exclude_from_weight_decay"
        self.exclusions.require(paths, where)
        own = [each for each in self if each.config.own_weight_decay and each.config.weight_decay is not None]
        if not decaying and not own:
            if complete and all(each.config.weight_decay is None for each in self):
                rule = "has no effect without a weight decay"
                hint = "set `weight_decay`, or list a processor for it"
                raise ConfigError(rule, where=where, hint=hint)
        else:
            self.exclusions.require_some_left(paths, where)

    @property
    def own(self) -> list[Variable]:
        """The variables that no nested optimizer updates."""
        return [variable for variable in self.variables if id(variable) not in self._group_of]

    def divide(self, variables: Sequence[Variable]) -> None:
        """Create the nested optimizers, and assign each variable to one of them or to this one."""
        self.variables, self._group_of = variables, {}
        # Found on the class, so that an attribute `groups` of a user's own does not take its place.
        groups = type(self.optimizer).groups(self.optimizer, variables)
        for name, (config, chosen) in groups.items():
            if name not in self.inside:  # a later call keeps the optimizers and their state
                self.inside[name] = self.create_inside(config, name)
            self._group_of |= dict.fromkeys(map(id, chosen), name)
        members = _grouped(variables, lambda variable: self._group_of.get(id(variable), ""))
        for name in groups:
            self.inside[name].divide(members[name])
        # Weight decay applies to the own variables only; without any it would be ignored silently.
        if self.inside and not self.own and "weight_decay" in dict(self._keywords):
            raise ConfigError(
                "no variable is left for it: the optimizers inside of this one have them all",
                where=f"{self.name}.weight_decay",
                received=self.config.weight_decay,
                hint="give it to those",
            )
        unused = getattr(self.config, "learning_rate", None) is None and self.learning_rate.given is not None
        if self.inside and not self.own and unused:
            raise ConfigError(
                "was set before there were optimizers inside, which have the variables",
                where=f"{self.name}.learning_rate",
                received=self.learning_rate.given,
                hint="give it to those, or set it when it is built",
            )

    def _group(self, key: int) -> str:
        """Return the name of the optimizer that updates what has this `id`; empty for this one."""
        # Members of a pack have one optimizer, so the first one tells.
        return self._group_of.get(self.first(key), "")

    def leaf(self, variable: Variable) -> OptimizerNode:
        """Return the node of the optimizer that updates a variable: this one, or a nested one."""
        group = self._group(id(variable))
        return self.inside[group].leaf(variable) if group else self

    def stack_key(self, variable: Variable) -> Hashable:
        """Return what is equal for variables that the formula may have stacked."""
        return type(self.optimizer).stack_key(self.optimizer, variable)

    def rate_of(self, key: int | None) -> Rate | None:
        """Return the learning rate of what has this `id`: a number, a schedule or a variable."""
        group = "" if key is None else self._group(key)
        return self.inside[group].rate_of(key) if group else self.learning_rate.in_steps

    def update(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Let each optimizer update its variables."""
        members = _grouped(zip(gradients, variables, strict=True), lambda pair: self._group(pair[1].key))
        updates = {name: node.update for name, node in self.inside.items()}
        # In the order of `groups`, so that the traced program is the same in each run.
        for group, update in {"": self._update_own, **updates}.items():
            if members[group]:
                update(*map(list, zip(*members[group], strict=True)))

    def _update_own(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        # Looked up on the class, so that an attribute of the same name does not replace it.
        update = self.written(type(self.optimizer).update_variables)
        with naming_formula(f"the formula of {self.owner.prefix or self.name!r}"):
            update(self.optimizer, gradients, variables)

    @property
    def written_for_keras(self) -> bool:
        """Whether it is of a class without a Config of its own."""
        return isinstance(self.config, ClassConfig)

    def written(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a part of the formula as it is to be traced."""
        ours = function.__module__.startswith("optiplug.")
        return converted(function) if self.converts and not ours else function

    def hooks(self, added: Sequence[object] = ()) -> list[Hook]:
        """Return the hooks in order: processors of this optimizer and of nested ones, then its own stages."""
        hooks: list[Hook] = []
        self.append_hooks(hooks, added)
        return hooks

    def append_hooks(self, hooks: list[Hook], added: Sequence[object] = ()) -> None:
        """Append the hooks of this optimizer to those of the outer ones."""
        owner, listed = self.owner.prefix, self.config.processors
        # None means all variables: the outermost pipeline is also made before there are any.
        every = self.variables if owner else None
        own = self.own if owner or self.inside else None

        def append(processor: object, among: Sequence[Variable] | None) -> None:
            # Read anew for each: names must be unique over all nested optimizers, as they prefix state.
            taken = [hook.name for hook in hooks]
            hooks.append(
                Hook.of_processor(processor, taken, owner=owner, among=among, excludes=self._excludes)
            )

        # Outer processors come before those of nested optimizers: docs/design/nesting.md.
        for processor in map(_fresh, listed) if owner else listed:
            append(processor, every)
        place = len(hooks)
        for keyword, processor in self._keywords:
            # Clips and averages come before the variables are handed out, a decay belongs to the formula.
            append(processor, own if keyword == "weight_decay" else every)
        last = len(hooks)
        for processor in added:
            append(processor, every)
        # They have their names last, since state has them already, and their place where a config lists them.
        hooks[place:] = [*hooks[last:], *hooks[place:last]]
        for node in self.inside.values():
            node.append_hooks(hooks)
        # Last, so that stages of the optimizer itself see what its processors return.
        formula = Hook.of_formula(owner or self.name, self.optimizer, own)
        if formula is not None:
            hooks.append(formula)

    def _excludes(self, variable: Variable, path: str) -> bool:
        """Whether weight decay leaves alone the variable of this path."""
        # A class written for Keras may decide by itself, as its base asks it there.
        decays = getattr(type(self.optimizer), "_use_weight_decay", None)
        own = decays is not None and not decays(self.optimizer, variable)
        return own or self.exclusions.excludes(variable, path)

    @property
    def _keywords(self) -> list[tuple[str, Any]]:
        return list(keyword_processors(self.config))


def require_nestable(prefix: str, config: OptimizerConfig, processors: Iterable[object]) -> None:
    """Refuse options and stages of a nested optimizer that concern the whole step.

    Raises
    ------
    ConfigError
        If it has an option of the step, or a processor for a stage of the whole step.
    """
    for option, usual in _OF_THE_STEP.items():
        if getattr(config, option) != usual:
            raise ConfigError(
                "belongs to the step, and so to the outermost optimizer",
                where=f"{prefix}.{option}",
                received=getattr(config, option),
                hint="set it there",
            )
    for processor in processors:
        refused = _STAGES_OF_THE_STEP.intersection(hook_names(processor))
        if refused or hasattr(processor, "scale_loss"):
            what = f"a hook for {refused.pop()!r}" if refused else "what scales the loss"
            raise ConfigError(
                f"{what} belongs to the step, and so to the outermost optimizer",
                where=f"{prefix}.processors",
                received=processor,
                hint="list it in the processors there",
            )


def _grouped(items: Iterable[Item], group_of: Callable[[Item], str]) -> dict[str, list[Item]]:
    """Return the items of each group, in their order."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[group_of(item)].append(item)
    return groups


def _fresh(processor: object) -> object:
    """Return a processor without state if this build is a dry run, else the processor itself."""
    return processor.detached() if dry_running() and isinstance(processor, Stateful) else processor
