"""The programs of one optimizer, by list of variables and device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from weakref import WeakSet

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import Gradient, Variable
from optiplug._variables.capture import Frame
from optiplug.errors import HookError, ReplicaContextError

from .plan import Plan
from .program import Program

__all__ = ["ProgramCache"]

Key: TypeAlias = tuple[int, ...]
ReplicaStages: TypeAlias = Callable[[Sequence[Gradient]], list[Gradient]]


class ProgramCache:
    """Creates a program when a list of variables is first seen; forgets all when hooks or variables change.

    `plan` returns the plan that a step is traced from.
    """

    def __init__(self, plan: Callable[[], Plan]) -> None:
        self._plan = plan
        self._by_variables: dict[Key, dict[int, Program]] = {}
        self._replica_stages: dict[tuple[Key, int], ReplicaStages] = {}
        # Weak, so that a graph that nobody uses any more is freed.
        self._functions: WeakSet[Any] = WeakSet()
        self.traces: list[str] = []

    def clear(self) -> None:
        """Forget every program; each is traced again when it is next needed."""
        self._by_variables.clear()
        self._replica_stages.clear()

    def get(self, variables: Sequence[Variable]) -> dict[int, Program]:
        """Return the program of each device, by the id of its component of the first variable.

        Raises
        ------
        ReplicaContextError
            If the variables are on a mesh and the function being traced holds a step already.
        """
        self._require_only_step(variables[0])
        # In the order given: gradients are parallel to it. Lists seen before stay, so unfreezing traces once.
        key = tuple(map(id, variables))
        if key not in self._by_variables:
            plan = self._plan()
            everything = plan.everything()
            devices = [
                plan.with_segments(dict(zip(map(id, everything), device, strict=True)))
                for device in distribution.components(everything)
            ]
            self._by_variables[key] = {
                id(own[id(variables[0])]): Program(plan, variables, own, self.traces) for own in devices
            }
        return self._by_variables[key]

    def _require_only_step(self, variable: Variable) -> None:
        """Refuse a second step in one function: DTensor may read values from before the first."""
        if tf.executing_eagerly() or distribution.mesh_of(variable) is None:
            return
        function = tf.compat.v1.get_default_graph()
        if function in self._functions:
            raise ReplicaContextError(
                "a step on a mesh must be the only one in its function",
                received="a second step, which DTensor may give the variables from before the first",
                hint="call the function for each step, or loop over a `tf.range`",
            )
        self._functions.add(function)

    def replica_stages(self, variables: Sequence[Variable]) -> ReplicaStages:
        """Return the function that runs the hooks of this replica on its gradients before they are summed."""
        if not tf.executing_eagerly():
            return _replica_stages(self._plan(), variables)
        key = tuple(map(id, variables)), distribution.replica_index()
        if key not in self._replica_stages:
            self._replica_stages[key] = tf.function(_replica_stages(self._plan(), variables), autograph=False)
        return self._replica_stages[key]


def _replica_stages(plan: Plan, variables: Sequence[Variable]) -> ReplicaStages:
    def run(gradients: Sequence[Gradient]) -> list[Gradient]:
        own = plan.with_segments({id(each): each for each in plan.everything()})
        given = set(map(id, variables))
        absent = [each for each in plan.variables if id(each) not in given]
        opened = Frame(own, plan.paths(), dtypes=plan.table.computed)
        with distribution.tracing(variables[0]), opened as frame:
            step, changed = plan.step(frame, variables, absent), list(gradients)
            for stage in plan.pipeline.stages("replica"):
                changed = plan.pipeline.fold(stage, changed, step)
                if frame.assigned:
                    raise HookError(
                        "nothing can be assigned before gradients are summed: replicas would differ",
                        where=f"hook {stage.name!r}",
                        received=[working.path for working in frame.assigned],
                        hint="keep state in `gate` or a later stage",
                    )
            # A check that fails must stop all of the step.
            return frame.effects.settled(changed)

    return run
