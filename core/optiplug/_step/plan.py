"""The plan of a step, which the programs of all devices share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from optiplug import _distribution as distribution
from optiplug._config.hyperparameters import Scalar
from optiplug._state.table import SlotTable
from optiplug._types import Tensor, Variable
from optiplug._variables.capture import Frame, Working
from optiplug._variables.model_variables import ModelVariables
from optiplug._variables.packing import Pack, Packing, PackSegment, VariableOrPack
from optiplug._variables.served_variable import ServedVariable
from optiplug._variables.share import Share
from optiplug.errors import HookError

from .pipeline import Pipeline
from .step import Rate, Step, StepNumbers, open_step

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """Everything that a step is traced from, except its gradients.

    `update` calls the optimizers for their variables, `rate_of` returns the learning rate of the variable
    or pack with an `id`, `decay_products` is for `StepNumbers`, `lazy` tells whether a table is updated by
    the rows that have a gradient, `holds` whether gates decide before gradients are summed over replicas.
    """

    update: Callable[[Sequence[Tensor], Sequence[Working]], None]
    pipeline: Pipeline
    variables: ModelVariables
    packing: Packing
    table: SlotTable
    rate_of: Callable[[int | None], Rate | None]
    decay_products: Mapping[int, tuple[Scalar, Variable]]
    jit_compile: bool
    lazy: bool
    holds: bool

    def everything(self) -> list[Variable]:
        """Return the variables of the model and those of the optimizer, as they are in memory."""
        return [*self.variables, *self.table.created.values()]

    # Kept: programs of many lists share a plan, and a list may be short where the model is large.
    @cached_property
    def paths(self) -> dict[int, str]:
        """The path of each of them, of segments and of packs, by its id."""
        states = {
            id(each): name for name, each in [*self.table.created.items(), *self.table.segments.items()]
        }
        # By id: a variable of the model and a state variable may have the same path.
        packs = {id(pack): self._path(pack) for pack in self.packing.packs}
        return {**self.variables.paths, **states, **packs}

    def _path(self, pack: Pack) -> str:
        # What a formula asks a path for is the same for all members of a stack, by its `stack_key`.
        alone = pack.stacked or isinstance(pack, Share)
        return self.variables.path(pack.members[0]) if alone else pack.name

    @cached_property
    def names(self) -> dict[int, str]:
        """The names, by the same ids, under which the functions of a program hand each other values."""
        # The number makes them unique: a variable of the model may have the path of a state variable.
        return {key: f"{number}:{path}" for number, (key, path) in enumerate(self.paths.items())}

    @cached_property
    def keys(self) -> dict[str, int]:
        """The ids by these names."""
        return {name: key for key, name in self.names.items()}

    def with_segments(self, own: dict[int, Variable]) -> dict[int, Variable | PackSegment]:
        """Add a device's own segments of state to its own variables, by the id of the distributed ones."""
        # A segment is no variable to TensorFlow, so a strategy cannot find its components.
        segments = self.table.segments.values()
        return own | {id(segment): segment.of(own[id(segment.whole)]) for segment in segments}

    def served(self, own: Mapping[int, Variable]) -> dict[int, Variable | ServedVariable]:
        """Return a device's own variables as one trace sees them, as others change those on servers."""
        return {
            key: self._served(key, each) if distribution.is_served(each) else each
            for key, each in own.items()
        }

    def _served(self, key: int, own: Variable) -> ServedVariable:
        # What belongs to a variable is a sum of what steps have added, and so is a counter. Of anything else,
        # such as the scale of a loss that two workers halve, the last value counts.
        return ServedVariable(own, self.paths[key], added=key in self._of_variables or own.dtype.is_integer)

    @cached_property
    def _of_variables(self) -> frozenset[int]:
        """The ids of the variables of the model and of the state that there is for each."""
        return frozenset(id(each) for variable in self.variables for each in self.table.with_state(variable))

    def operands(
        self, present: Sequence[Variable]
    ) -> tuple[list[VariableOrPack], list[VariableOrPack], list[VariableOrPack]]:
        """Return what a step treats as one variable each.

        That is: those with a gradient, those that have none now but may have had one that a gate has held
        back, and the others.
        """
        waiting = self.pipeline.accumulated.difference(map(id, present))

        def may_join(pack: Pack) -> bool:
            # What has state in shares can be updated in no other way.
            if isinstance(pack, Share):
                return True
            # Of those that wait each may have a gradient or not, so they are looked at one by one.
            return id(pack) in self._joinable and waiting.isdisjoint(map(id, pack.members))

        present, absent = self.packing.operands(present, self.variables, may_join)
        waits = [each for each in absent if self.packing.first(id(each)) in waiting]
        return present, waits, [each for each in absent if self.packing.first(id(each)) not in waiting]

    @cached_property
    def _joinable(self) -> frozenset[int]:
        """The ids of the packs whose state is joined, and whose members meet the same hooks."""
        kept = filter(self.table.keeps_joined, self.packing.packs)
        return frozenset(id(pack) for pack in kept if self.pipeline.treats_alike(pack.members))

    def conditions(self, waiting: Sequence[VariableOrPack], given: Sequence[Tensor]) -> dict[int, Tensor]:
        """Return whether each of those that wait has a gradient, by its `id` and those of its state."""
        return {
            id(each): condition
            # Without `given` nothing is conditional: in a gate, and in what happens at the end of training.
            for operand, condition in zip(waiting, given, strict=bool(given))
            for each in self._with_state(operand)
        }

    def _with_state(self, operand: VariableOrPack) -> list[VariableOrPack | PackSegment]:
        if isinstance(operand, Share):
            return [operand, *self.table.with_state(operand.member), *self.table.of_share(operand.member)]
        return self.table.with_state(operand)

    def step(
        self,
        frame: Frame,
        present: Sequence[VariableOrPack],
        absent: Sequence[VariableOrPack],
        given: Mapping[int, Tensor] | None = None,
    ) -> Step:
        """Open a step in a frame: over what has a gradient, if `given` does not deny it, and the rest."""
        iterations = self.table.states["iterations"].variable
        numbers = StepNumbers(iterations, self.rate_of, self.decay_products)
        numbers.given = dict(given or {})
        step = open_step(frame, numbers, present, absent)
        for stage in self.pipeline.stages("every part"):
            step.change_rates(self.pipeline.fold(stage, [step.rate(each) for each in step.variables], step))
            # Gate, core and final values are traced separately, and each trace computes its rates.
            if frame.assigned:
                raise HookError(
                    f"nothing can be assigned in the stage `{stage.name}`: it runs several times in a step",
                    where=f"hook {stage.name!r}",
                    received=[working.path for working in frame.assigned],
                    hint="keep state in `clip` or a later stage",
                )
        return step
