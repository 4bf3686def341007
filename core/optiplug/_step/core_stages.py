"""The stages of the compiled core, one after the other, as `ORDER` has them."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug._hookspecs import ORDER, Stage
from optiplug._types import Tensor
from optiplug.errors import HookError

from .operands import DeviceOperands, commit
from .plan import Plan
from .step import Step

__all__ = ["CoreStages", "computable"]


def computable(gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
    """Return gradients in the dtypes to compute in, one for each of `step.variables`."""
    return [tf.cast(each, variable.dtype) for each, variable in zip(gradients, step.variables, strict=True)]


class CoreStages:
    """Runs the core of one step: a stage of hooks by the pipeline, a built-in one by its method here."""

    def __init__(self, plan: Plan, step: Step, operands: DeviceOperands, gradients: Sequence[Tensor]) -> None:
        self._plan, self._step, self._operands = plan, step, operands
        # Cast once on entry, and rounded once at the commit: docs/design/the-compiled-step.md.
        self._gradients = computable(gradients, step)
        self._committed: dict[int, int] = {}

    def run(self) -> None:
        """Run every stage.

        Raises
        ------
        HookError
            If a hook breaks the contract of its stage.
        """
        pipeline = self._plan.pipeline
        for stage in ORDER:
            if stage.part != "core":
                continue
            if stage.built_in:
                # By name, so that the order is written down once, in `ORDER`.
                getattr(self, f"_{stage.name}")()
            elif stage.passes == "gradients":
                self._gradients = pipeline.fold(stage, self._gradients, self._step)
            elif stage.passes == "updates":
                self._fold_updates(stage)
            else:
                pipeline.run(stage, self._step)
        self._require_nothing_late()
        if self._operands.shares:
            self._operands.require_by_elements(self._step.frame)

    def _share(self) -> None:
        if self._operands.shares:
            self._gradients = self._operands.shares.taken(self._operands.stepped, self._gradients)
            self._step = self._operands.over_shares(self._step)

    def _update_step(self) -> None:
        variables = self._step.variables
        # Only if a hook wants updates: XLA copies a buffer whose old value is used after a write.
        if any(stage.passes == "updates" for stage in self._plan.pipeline.stages("core")):
            for variable in variables:
                variable.watch_update()
        self._plan.update(self._gradients, variables)

    def _fold_updates(self, stage: Stage) -> None:
        if not self._plan.pipeline.uses(stage.name):
            return
        variables = self._step.variables
        keys = [variable.key for variable in variables]
        # Keyed by id, since each hook sees the step restricted to its own variables.
        self._step.numbers.gradients = dict(zip(keys, self._gradients, strict=True))
        updates = self._plan.pipeline.fold(stage, [variable.update for variable in variables], self._step)
        for variable, update in zip(variables, updates, strict=True):
            variable.replace_update(update)

    def _constraint(self) -> None:
        for operand, variable in zip(self._operands.stepped, self._step.variables, strict=True):
            constraint = self._plan.variables.constraint(operand)
            if constraint is not None:
                variable.assign(constraint(variable.read_value()))

    def _commit(self) -> None:
        # Before the commit: the counter is state, written in the same cluster (the-compiled-step.md).
        self._step.advance()
        self._committed = {each.key: each.assignments for each in self._step.frame.assigned}
        commit(self._step.frame)

    def _require_nothing_late(self) -> None:
        """Refuse values assigned after the commit, which would be lost silently."""
        late = [
            each for each in self._step.frame.assigned if self._committed.get(each.key) != each.assignments
        ]
        if late:
            raise HookError(
                "nothing can be assigned after the commit",
                received=[each.path for each in late],
                hint="assign it in `post_step`",
            )
