"""The programs of one optimizer, by list of variables and device."""

from __future__ import annotations

import gc
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import with_outer
from optiplug._types import Gradient, Variable
from optiplug._variables.branches import Scratches
from optiplug._variables.capture import Frame
from optiplug._variables.packing import PackSegment
from optiplug.errors import ConfigError, HookError, ReplicaContextError

from .plan import Plan
from .program import Program

__all__ = ["ProgramCache"]

Key: TypeAlias = tuple[int, ...]
Programs: TypeAlias = dict[int, Program]
Own: TypeAlias = dict[int, Variable | PackSegment]
ReplicaStages: TypeAlias = Callable[[Sequence[Gradient]], list[Gradient]]

# A list of variables is traced when it has come so often, while fewer than so many lists are: measured in
# docs/design/performance.md. Where all places are taken, it takes that of the one that was not used longest.
PLACES = {1: 1, 2: 2, 16: 8}
APART = 2  # lists that are traced at once if they share no variable, as those of two players
TO_REPLACE = 256
_DROP = "drop the function, and make it anew, as by `step = tf.function(step_in_python)`"
COUNTED = 512  # lists whose calls are counted at a time; among more each comes by chance


class ProgramCache:
    """Creates a program for a list of variables; forgets all when hooks or variables change.

    The first list is traced when it comes, and a second that shares no variable with it. The steps of any
    other run operation by operation, until it has come often. `plan` returns the plan that a step is traced
    from. A function of a caller's keeps the step that it has traced; each of `droppers` drops those that it
    knows of.
    """

    def __init__(self, plan: Callable[[], Plan], scratches: Scratches) -> None:
        self._plan, self._scratches = plan, scratches
        self._kept: OrderedDict[Key, Programs] = OrderedDict()
        self._replica_stages: dict[tuple[Key, int], ReplicaStages] = {}
        self._prepared: tuple[int, Plan, list[Own]] | None = None
        self._calls: Counter[Key] = Counter()
        # Weak, so that a graph that nobody uses any more is freed.
        self._functions: WeakSet[Any] = WeakSet()
        self._callers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._changes = 0
        self.droppers: list[Callable[[], None]] = []
        self.traces: list[str] = []

    def clear(self) -> None:
        """Forget every program; each is traced again when it is next needed."""
        self._kept.clear()
        self._replica_stages.clear()
        self._calls.clear()
        self._prepared = None

    def require_no_caller(self, rule: str, where: str) -> None:
        """Refuse a change that is traced where a function of a caller has traced a step: that would keep it.

        Raises
        ------
        ConfigError
            If there is such a function, which nobody could drop.
        """
        if self._has_callers():
            raise ConfigError(f"{rule} in a step that a tf.function has traced", where=where, hint=_DROP)

    def warn_callers(self, where: str) -> None:
        """Warn that hooks have changed if a function of a caller keeps a step with those before."""
        self._changes += 1
        if self._has_callers():
            warnings.warn(
                f"{where}: a tf.function has traced a step, and keeps it with the hooks of then. "
                f"Hint: {_DROP}.",
                stacklevel=4,
            )

    def _has_callers(self) -> bool:
        if self._callers:
            for drop in self.droppers:
                drop()
        return bool(self._living_callers())

    def _living_callers(self) -> list[Any]:
        """Return the graphs of functions that can be called. Some tensor of one that is gone may be left."""
        if not self._callers:
            return []
        gc.collect()  # what was dropped may be waiting for it
        objects = gc.get_objects()
        # Of millions of objects there are hundreds of types.
        concrete = {
            each
            for each in set(map(type, objects))
            if issubclass(each, tf.types.experimental.ConcreteFunction)
        }
        kept = {id(each.graph) for each in objects if type(each) in concrete}
        return [graph for graph in self._callers if any(id(each) in kept for each in with_outer(graph))]

    @property
    def outdated(self) -> bool:
        """Whether a function of a caller's keeps a step with other hooks than there are now."""
        return any(self._callers[graph] < self._changes for graph in self._living_callers())

    def get(self, variables: Sequence[Variable]) -> Programs:
        """Return the program of each device, by the id of its component of the first variable.

        Raises
        ------
        ReplicaContextError
            If the variables are on a mesh and the function being traced holds a step already.
        """
        self._require_only_step(variables[0])
        if not tf.executing_eagerly():
            self._callers[tf.compat.v1.get_default_graph()] = self._changes
        key = tuple(map(id, variables))
        if not self._is_traced(key, variables[0]):
            self._count(key)
            return self._create(variables, traced=False)
        if key not in self._kept:
            self._make_room()
            self._kept[key] = self._create(variables, traced=True)
        self._kept.move_to_end(key)
        return self._kept[key]

    def outside_steps(self, variables: Sequence[Variable]) -> Programs:
        """Return programs to look at, or to finalize: no step, so it is not counted as one."""
        self._require_only_step(variables[0])
        return self._kept.get(tuple(map(id, variables))) or self._create(variables, traced=True)

    def _is_traced(self, key: Key, first: Variable) -> bool:
        """Whether the next step of a list is traced."""
        # A function of the caller's is traced in any case, and DTensor is slow without.
        if key in self._kept or not tf.executing_eagerly() or distribution.mesh_of(first) is not None:
            return True
        # A tf.function inside of a step would keep values of this one, and nobody would see it.
        if self._scratches.in_functions:
            return True
        needed = next((calls for calls, places in PLACES.items() if len(self._kept) < places), TO_REPLACE)
        return self._calls[key] + 1 >= needed or (len(self._kept) < APART and self._is_apart(key))

    def _is_apart(self, key: Key) -> bool:
        """Whether a list shares no variable with those traced."""
        return not any(set(key) & set(other) for other in self._kept)

    def _count(self, key: Key) -> None:
        if len(self._calls) >= COUNTED:
            self._calls.clear()
        self._calls[key] += 1

    def _make_room(self) -> None:
        """Forget the programs that were not used longest if there is no place for another list."""
        if len(self._kept) >= max(PLACES.values()):
            oldest, _ = self._kept.popitem(last=False)
            # Counted from the start again, or two lists would take each other's place in every call.
            del self._calls[oldest]
            for each in [each for each in self._replica_stages if each[0] == oldest]:
                del self._replica_stages[each]

    def _create(self, variables: Sequence[Variable], *, traced: bool) -> Programs:
        plan, devices = self._prepare()
        first = id(variables[0])
        places = distribution.replica_indices(variables[0], len(devices))
        return {
            id(own[first]): Program(plan, variables, own, self.traces, traced=traced, index=index)
            for own, index in zip(devices, places, strict=True)
        }

    def _prepare(self) -> tuple[Plan, list[Own]]:
        """Return the plan, and each device's own variables and segments: once, as all programs share them."""
        if self._prepared is None or self._prepared[0] != len(self._prepared[1].table.states):
            plan = self._plan()
            everything = plan.everything()
            devices = [
                plan.with_segments(dict(zip(map(id, everything), device, strict=True)))
                for device in distribution.components(everything)
            ]
            self._prepared = len(plan.table.states), _compilable(plan, devices), devices
        return self._prepared[1:]

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
        key = tuple(map(id, variables))
        if not tf.executing_eagerly() or not self._is_traced(key, variables[0]):
            return _replica_stages(self._plan(), variables)
        own = key, distribution.replica_index()
        if own not in self._replica_stages:
            self._replica_stages[own] = tf.function(_replica_stages(self._plan(), variables), autograph=False)
        return self._replica_stages[own]


def _compilable(plan: Plan, devices: Sequence[Own]) -> Plan:
    """Return a plan that compiles if each device's own variables are in one place."""
    places = distribution.devices_of(devices[0].values())
    if not plan.jit_compile or len(places) < 2:
        return plan
    warnings.warn(
        f"The variables of this optimizer are on {', '.join(places)}, and XLA compiles for one device, so "
        "the step runs uncompiled. Hint: `jit_compile=False` says that you know.",
        stacklevel=2,
    )
    return replace(plan, jit_compile=False)


def _replica_stages(plan: Plan, variables: Sequence[Variable]) -> ReplicaStages:
    def run(gradients: Sequence[Gradient]) -> list[Gradient]:
        own = plan.with_segments({id(each): each for each in plan.everything()})
        given = set(map(id, variables))
        absent = [each for each in plan.variables if id(each) not in given]
        opened = Frame(own, plan.paths, dtypes=plan.table.computed, scratches=plan.table.scratches)
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
