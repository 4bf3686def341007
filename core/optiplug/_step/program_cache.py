"""The programs of one optimizer: which step runs for which list of variables, on which device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakSet

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._variables.capture import Frame
from optiplug._variables.packing import Part
from optiplug.errors import HookError, ReplicaContextError

from .program import Plan, Program

__all__ = ["Programs"]

Key = tuple[int, ...]


class Programs:
    """Made when a list of variables is first seen, forgotten when the hooks or the variables change."""

    def __init__(self) -> None:
        self._by_variables: dict[Key, dict[int, Program]] = {}
        self._before_aggregation: dict[tuple[Key, int], Callable[[Any], Any]] = {}
        self._functions: WeakSet[Any] = WeakSet()
        self.traces: list[str] = []

    def clear(self) -> None:
        """Forget every program; each is traced again when it is next needed."""
        self._by_variables.clear()
        self._before_aggregation.clear()

    def get(self, variables: Sequence[Any], plan: Callable[[], Plan]) -> dict[int, Program]:
        """Return the program of each device, by the id of its component of the first variable.

        Raises
        ------
        ReplicaContextError
            If the variables are on a mesh and the function being traced holds a step already.
        """
        self._require_only_step(variables[0])
        key = tuple(map(id, variables))
        if key not in self._by_variables:
            shared = plan()
            everything = shared.everything()
            devices = [
                _with_parts(dict(zip(map(id, everything), device, strict=True)), shared.table.parts)
                for device in distribution.components(everything)
            ]
            self._by_variables[key] = {
                id(own[id(variables[0])]): Program(shared, variables, own, self.traces) for own in devices
            }
        return self._by_variables[key]

    def _require_only_step(self, variable: Any) -> None:
        """Refuse what DTensor gets wrong: a read may find a value from before an assignment."""
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

    def before_aggregation(self, variables: Sequence[Any], plan: Callable[[], Plan]) -> Callable[[Any], Any]:
        """Return the function that runs the `pre_aggregate` hooks of this replica on its gradients."""
        if not tf.executing_eagerly():
            return _before_aggregation(plan(), variables)
        key = tuple(map(id, variables)), distribution.replica_index()
        if key not in self._before_aggregation:
            self._before_aggregation[key] = tf.function(
                _before_aggregation(plan(), variables), autograph=False
            )
        return self._before_aggregation[key]


def _before_aggregation(plan: Plan, variables: Sequence[Any]) -> Callable[[Any], Any]:
    def run(gradients: Sequence[Any]) -> list[Any]:
        own = _with_parts({id(each): each for each in plan.everything()}, plan.table.parts)
        given = set(map(id, variables))
        absent = [each for each in plan.parameters if id(each) not in given]
        opened = Frame(own, plan.paths(), dtypes=plan.table.computed)
        with distribution.tracing(variables[0]), opened as frame:
            step = plan.step(frame, variables, absent)
            changed = plan.pipeline.fold("pre_aggregate", gradients, step)
            if frame.assigned:
                raise HookError(
                    "nothing can be assigned before gradients are summed: replicas would differ",
                    where="hook 'pre_aggregate'",
                    received=[working.path for working in frame.assigned],
                    hint="keep state in `gate` or a later stage",
                )
            return changed

    return run


def _with_parts(own: dict[int, Any], parts: Mapping[str, Part]) -> dict[int, Any]:
    """Add a device's own parts of state to its own variables."""
    return own | {id(part): part.of(own[id(part.whole)]) for part in parts.values()}
