"""Optimizers inside of an optimizer, each for some of the variables, in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from optiplug._config import keyword_processors as keywords
from optiplug._config.kinds import OptimizerConfig, Selection
from optiplug._config.variable_selection import select
from optiplug._hookspecs import hook_names
from optiplug._state.dry_run import planning
from optiplug._state.stateful import Stateful
from optiplug._step.pipeline import Pipeline
from optiplug._variables.capture import Working
from optiplug.errors import ConfigError

from .keras_api import KerasNames

__all__ = ["Branch", "Nesting"]

_OF_THE_STEP = {"sparse": "exact", "jit_compile": True}
_STAGES_OF_THE_STEP = ("gate", "pre_aggregate")


class Nesting(KerasNames):
    """Mixin of `Optimizer`: which of its variables it leaves to other optimizers."""

    branch: Branch
    attach: Callable[..., None]
    update_step: Callable[[Any, Any], Any]

    def groups(self, variables: Sequence[Any]) -> Mapping[str, tuple[OptimizerConfig, Sequence[Any]]]:
        """Return the variables that other optimizers update: by name, a config and its variables.

        `variables` are all that this optimizer has; those in no group are its own. It is called
        again with all of them when more appear, and must put those that it knows where they were.
        """
        return {}

    @property
    def nested(self) -> Mapping[str, Any]:
        """The optimizers inside of this one by name, once it is built."""
        return {name: branch.optimizer for name, branch in self.branch.inside.items()}

    @property
    def own_variables(self) -> list[Any]:
        """The variables of the model that this optimizer updates itself, once it is built."""
        return self.branch.own

    def put_inside(self, outer: Any, name: str) -> None:
        """Make this optimizer, which has no state yet, a part of another: its state is kept there."""
        self._table: Any = None
        self.state, self.inherited_dtype = outer.state, outer.state_dtype
        self.attach(f"{outer.owner}/{name}" if outer.owner else name, outer.state, outer.parameters)

    def path(self, variable: Any) -> str:
        """Return the unique path of a variable of the model that this optimizer knows."""
        return variable.path if isinstance(variable, Working) else self._parameters.path(variable)

    def select(self, selection: Selection, variables: Sequence[Any], where: str) -> list[Any]:
        """Return the variables of the model that a selection chooses; of none, none.

        Raises
        ------
        ConfigError
            If a pattern in it matches none of them; `where` is how the message calls the selection.
        """
        ranks = {self.path(variable): variable.shape.rank or 0 for variable in variables}
        paths = set(select(selection, ranks, where)) if ranks else set()
        return [variable for variable in variables if self.path(variable) in paths]

    def update_variables(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        """Update all variables that have a gradient in this step, by `update_step` for each.

        Override it where one needs to know of the others. Gradients are dense and parallel to `variables`.
        """
        numbers = self._step.numbers
        for gradient, variable in zip(gradients, variables, strict=True):
            numbers.updated = variable
            self.update_step(gradient, variable)
        numbers.updated = None


class Branch:
    """What an optimizer updates: its own variables, and through those inside of it all others.

    An optimizer that is inside of another shares its step, its counter and its table of state, in
    which its own state has its name before it. Its processors see its variables only.
    """

    def __init__(self, optimizer: Any, rate: Callable[[], Any]) -> None:
        self.optimizer, self._rate = optimizer, rate
        self.variables: Sequence[Any] = ()
        self.inside: dict[str, Branch] = {}
        self._assigned: dict[int, str] = {}

    def __iter__(self) -> Iterator[Any]:
        """Go over this optimizer and all inside of it."""
        yield self.optimizer
        for branch in self.inside.values():
            yield from branch

    @property
    def own(self) -> list[Any]:
        """The variables that no optimizer inside of this one updates."""
        return self._of("")

    def divide(self, variables: Sequence[Any]) -> None:
        """Make the optimizers inside of this one, and hand out the variables."""
        self.variables, self._assigned = variables, {}
        for name, (config, chosen) in self.optimizer.groups(variables).items():
            if name not in self.inside:
                self.inside[name] = _created(config, self.optimizer, name)
            self._assigned |= dict.fromkeys(map(id, chosen), name)
            self.inside[name].divide(self._of(name))
        if self.inside and not self.own and "weight_decay" in dict(self._keywords):
            raise ConfigError(
                "no variable is left for it: the optimizers inside of this one have them all",
                where=f"{self.optimizer.name}.weight_decay",
                received=self.optimizer.config.weight_decay,
                hint="give it to those",
            )

    def _of(self, group: str) -> list[Any]:
        return [variable for variable in self.variables if self._assigned.get(id(variable), "") == group]

    def _group(self, key: int) -> str:
        """Return the name of the optimizer that updates what has this `id`; empty for this one."""
        return self._assigned.get(self.optimizer.parameters.first(key), "")

    def leaf(self, variable: Any) -> Any:
        """Return the optimizer that updates a variable: this one, or one inside of it."""
        group = self._group(id(variable))
        return self.inside[group].leaf(variable) if group else self.optimizer

    def rate_of(self, key: int | None) -> Any:
        """Return the learning rate of what has this `id`: a number, a schedule or a variable."""
        group = "" if key is None else self._group(key)
        return self.inside[group].rate_of(key) if group else self._rate()

    def update(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        """Let each optimizer update its variables."""
        pairs = list(zip(gradients, variables, strict=True))
        updates = {name: branch.update for name, branch in self.inside.items()}
        for group, update in {"": self.optimizer.update_variables, **updates}.items():
            chosen = [pair for pair in pairs if self._group(pair[1].key) == group]
            if chosen:
                update(*map(list, zip(*chosen, strict=True)))

    def chain(self, pipeline: Pipeline, added: Sequence[Any] = ()) -> Pipeline:
        """Append the processors of this optimizer, of those inside of it, and its own stages."""
        optimizer, owner = self.optimizer, self.optimizer.owner
        every = self.variables if owner else None
        own = self.own if owner or self.inside else None
        listed = optimizer.config.processors
        pipeline.extend(map(_fresh, listed) if owner else listed, owner=owner, variables=every)
        for keyword, processor in self._keywords:
            # Clips and averages come before the variables are handed out, a decay belongs to the formula.
            limit = own if keyword == "weight_decay" else every
            pipeline.extend([processor], owner=owner, variables=limit)
        pipeline.extend(added, owner=owner, variables=every)
        for branch in self.inside.values():
            branch.chain(pipeline)
        pipeline.extend_by_formula(owner or optimizer.name, optimizer, own)
        return pipeline

    @property
    def _keywords(self) -> list[tuple[str, Any]]:
        return keywords.from_keywords(self.optimizer.config)


def _created(config: OptimizerConfig, outer: Any, name: str) -> Branch:
    """Return the branch of a new optimizer, if it says nothing about what only the whole step decides."""
    optimizer = config.create()
    optimizer.put_inside(outer, name)
    for field, usual in _OF_THE_STEP.items():
        if getattr(config, field) != usual:
            raise ConfigError(
                "belongs to the step, and so to the outermost optimizer",
                where=f"{optimizer.owner}.{field}",
                received=getattr(config, field),
                hint="set it there",
            )
    for processor in optimizer.processors:
        refused = set(hook_names(processor)).intersection(_STAGES_OF_THE_STEP)
        if refused:
            raise ConfigError(
                f"a hook for {refused.pop()!r} belongs to the step, and so to the outermost optimizer",
                where=f"{optimizer.owner}.processors",
                received=processor,
                hint="list it in the processors there",
            )
    branch: Branch = optimizer.branch
    return branch


def _fresh(processor: Any) -> Any:
    """Return a processor without state, for an optimizer that is built for the sake of a report only."""
    return processor.detached() if planning() and isinstance(processor, Stateful) else processor
