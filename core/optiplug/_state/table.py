"""All state of one optimizer: one named variable for each (owner, slot, model variable).

Names are paths such as ``momentum/encoder/dense/kernel``; checkpoints and listings speak of
nothing else, so how the state is laid out in memory can change without breaking a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import CheckpointNode, Trackable, saved_dict, track
from optiplug._types import DType, Mesh, Shape, Tensor, Variable
from optiplug._variables.branches import Scratches
from optiplug._variables.model_variables import ModelVariables, Whole
from optiplug._variables.packing import Pack, Packing, PackSegment
from optiplug.errors import BuildError, StateError
from optiplug.numerics import compute_dtype

from .dry_run import Planned, dry_running
from .restoration import Restoration
from .sharded_state import ShardedState, joined_state
from .slot import Slot, State
from .widened_value import StateNode

__all__ = ["SlotSpec", "SlotTable"]

_COUNTERS = ("iterations", "learning_rate")

Initial: TypeAlias = float | str | Callable[[Variable], Tensor]


@dataclass(frozen=True)
class SlotSpec:
    """Shape, dtype and first value of a slot: each a value, a function of the model variable, or None.

    `stored_dtype` is what `state_dtype` asks for: a dtype, or "variable". A slot of real numbers is stored
    in it and computed in the dtype of its variable. By default the slots of variables in half precision
    are kept in float32: an average there loses what is small beside it, and cannot fall. The state of a
    complex variable is real if it is `real`.
    """

    shape: Sequence[int] | Shape | Callable[[Variable], Sequence[int]] | None = None
    dtype: DType | str | Callable[[Variable], DType] | None = None
    initial: Initial = 0.0
    stored_dtype: str | None = None
    real: bool = False

    def shape_for(self, variable: Variable) -> Shape:
        """Return the shape of the state of one model variable, by default its own."""
        shape = self.shape(variable) if callable(self.shape) else self.shape
        return variable.shape if shape is None else tf.TensorShape(shape)

    def dtype_for(self, variable: Variable) -> DType:
        """Return the dtype of the state of one model variable."""
        dtype = self.dtype(variable) if callable(self.dtype) else self.dtype
        if dtype is not None:
            return tf.as_dtype(dtype)
        own = self.own_dtype(variable)
        if self.stored_dtype == "variable" or not own.is_floating:
            return own
        return tf.as_dtype(self.stored_dtype or compute_dtype(own))

    def own_dtype(self, variable: Variable) -> DType:
        """Return the dtype that follows from that of one model variable."""
        return variable.dtype.real_dtype if self.real else variable.dtype

    def widens(self, variable: Variable) -> bool:
        """Whether the state is kept in more digits than its variable only because that is the default."""
        by_default = self.dtype is None and self.stored_dtype is None
        return by_default and self.dtype_for(variable) != self.own_dtype(variable)

    def initial_for(self, variable: Variable) -> Tensor | float:
        """Return the first value of the state of one model variable."""
        if self.initial == "variable":
            return variable.read_value()
        return self.initial(variable) if callable(self.initial) else self.initial

    def initial_joined(self, pack: Pack, dtype: DType) -> Tensor | float:
        """Return the first values for all members of a pack, joined as they are."""
        # A number is broadcast when the variable is created, so nothing has to be joined.
        if isinstance(self.initial, int | float):
            return self.initial
        starts = [tf.cast(self.initial_for(member), dtype) for member in pack.members]
        # A first value may be a scalar for a whole variable. Most are not, and each operation counts here:
        # a model may have thousands of members.
        shapes = map(self.shape_for, pack.members)
        return pack.join(
            start if start.shape == shape else tf.broadcast_to(start, shape)
            for start, shape in zip(starts, shapes, strict=True)
        )


class SlotTable:
    """All state variables of one optimizer and its processors, by name, in order of creation.

    `node` is what checkpoints of the optimizer hold of it.
    """

    def __init__(self, model_variables: ModelVariables, packing: Packing) -> None:
        self._model_variables, self._packing = model_variables, packing
        # Its order is that of `variables` and `set_weights`: the counters, then by creation.
        self.states: dict[str, State] = {}
        self.homes: dict[str, tuple[str, str]] = {}
        """The slot and the path of the model variable of each state variable that belongs to one."""
        self.computed: dict[int, DType] = {}
        """The dtype to compute in, by the `id` of state that is not kept in the dtype of its variable."""
        self.widened: dict[str, DType] = {}
        """The dtype in which earlier versions kept state that is kept in a wider one by default."""
        self.exact: set[str] = set()
        """The names of the slots that keep their dtype whatever `state_dtype`."""
        self.scratches = Scratches()
        """Where steps keep what is assigned in a branch; no state, so in no checkpoint and no list."""
        self._owners: dict[str, str] = {}
        self._joined: dict[str, State] = {}
        # State of single shards, by the paths of these.
        self._shards: dict[str, State] = {}
        # By the `id` of the model variable.
        self._beside: dict[int, dict[str, State]] = {}
        # State that begins as its variable does, and that had none to begin with when it was created.
        self._unstarted: list[tuple[State, Sequence[Variable], Callable[[], Tensor | float]]] = []
        # A node of its own, so that no name of state can be that of another child.
        self._by_name = StateNode()
        self.node = CheckpointNode(self._in_saved_model)
        track(self.node, "by_name", self._by_name)

    def add(
        self,
        name: str,
        *,
        owner: str,
        beside: Variable | Mesh | None,
        shape: Sequence[int] | Shape = (),
        dtype: DType = tf.float32,
        initial: Callable[[], Tensor | float] = lambda: 0,
        widened: DType | None = None,
        shard: bool = False,
    ) -> State:
        """Create a state variable, or return the one of that owner and name; of a `shard`, a part of one.

        Raises
        ------
        BuildError
            If the shape is not fixed.
        StateError
            If the name is taken by another owner, or by a variable of another shape or dtype.
        """
        held = (self._shards if shard else self.states).get(name)
        if held is None:
            if not tf.TensorShape(shape).is_fully_defined():
                raise BuildError(
                    f"state needs a fixed shape, and so does the variable of {name!r}",
                    where=owner,
                    received=tf.TensorShape(shape),
                    hint="create the variable without `shape=`, or train it without this state",
                )
            # Everything else runs as in a real build, so a plan has the same names: docs/architecture.md.
            variable = (
                Planned(name, shape, dtype)
                if dry_running()
                else distribution.create_beside(beside, initial, shape=shape, dtype=dtype, name=name)
            )
            if shard:
                self._shards[name], self._owners[name] = State(variable, name), owner
                return self._shards[name]
            return self.adopt(name, variable, owner=owner, widened=widened)
        if self._owners[name] != owner or not held.shape.is_compatible_with(shape):
            raise StateError(
                f"state {name!r} of shape {held.shape} belongs to {self._owners[name]!r} already",
                where=owner,
                received=tuple(shape),
                hint="give the slot, or the processor, another name",
            )
        return held

    def adopt(
        self,
        name: str,
        variable: Variable | PackSegment | ShardedState | Planned,
        *,
        owner: str,
        widened: DType | None = None,
    ) -> State:
        """Take in a variable that was created elsewhere.

        `widened` is the dtype in which checkpoints of earlier versions have it, if that is a narrower one.
        """
        # What is tracked is restored from a pending checkpoint at once, which a planned variable cannot be.
        if not isinstance(variable, Planned):
            self._by_name.add(name, variable, widened)
        state = State(variable, name)
        self.states[name], self._owners[name] = state, owner
        if name in _COUNTERS:
            # `variables` begins with them, as in Keras, whichever was asked for first.
            self.states = {each: self.states[each] for each in _COUNTERS if each in self.states} | self.states
        return state

    def forget(self, name: str) -> None:
        """Drop a state variable of the whole optimizer, if there is one; checkpoints have it no more."""
        if name in self.states:
            self._by_name.forget(name, self.states.pop(name).variable)
            del self._owners[name]

    def add_slot(self, slot: Slot, variables: Sequence[Variable], spec: SlotSpec, *, owner: str) -> None:
        """Create state for each of `variables`, named ``slot/path``: a variable, or a segment of a pack's."""
        if slot.exact:
            self.exact.add(slot.name)
        # Before the loop, which creates a variable where there is no segment.
        segments = self._joined_segments(slot, variables, spec, owner)
        for variable in variables:
            name, whole = self._name(slot, variable), self._model_variables.whole(variable)
            own_name = f"{slot.name}/{self._model_variables.paths[id(variable)]}"
            widened = self._narrow_dtype(variable, spec)
            if widened is not None:
                self.widened[name] = widened
            if name in segments:
                self.adopt(name, segments[name], owner=owner, widened=widened)
            initial = partial(spec.initial_for, variable)
            held = own_name in self.states or own_name in self._shards
            waits = not held and _waits(spec, [variable])
            state = self.add(
                own_name,
                owner=owner,
                beside=variable,
                shape=spec.shape_for(variable),
                dtype=spec.dtype_for(variable),
                initial=_zero if waits else initial,
                widened=widened,
                shard=whole.is_split,
            )
            if waits:
                self._unstarted.append((state, [variable], initial))
            slot.put(variable, state)
            self._compute_as(variable, state, spec)
            self._beside.setdefault(id(variable), {})[own_name] = state
            self.homes[name] = slot.name, whole.path
            if whole.is_split:
                self._adopt_whole(name, slot, whole, owner, widened)

    def _narrow_dtype(self, variable: Variable, spec: SlotSpec) -> DType | None:
        """Return the dtype in which earlier versions kept state that is kept in a wider one by default."""
        # A variable on a mesh is restored by DTensor itself.
        widens = spec.widens(variable) and distribution.mesh_of(variable) is None
        return variable.dtype if widens else None

    def _name(self, slot: Slot, variable: Variable) -> str:
        return f"{slot.name}/{self._model_variables.path(variable)}"

    def _adopt_whole(self, name: str, slot: Slot, whole: Whole, owner: str, widened: DType | None) -> None:
        """Take in the state of a variable that is split up, once all shards have theirs."""
        shards = [slot[each].variable for each in whole.shards if each in slot]
        if name not in self.states and len(shards) == len(whole.shards):
            self.adopt(name, joined_state(name, whole, shards), owner=owner, widened=widened)

    def _joined_segments(
        self, slot: Slot, variables: Sequence[Variable], spec: SlotSpec, owner: str
    ) -> dict[str, PackSegment]:
        """Create a variable for each new pack whose state can be joined, and return its segments by name."""
        segments: dict[str, PackSegment] = {}
        for pack in self._packing.within(variables):
            name = f"{slot.name}/{pack.name}"
            shapes = {self._name(slot, member): spec.shape_for(member) for member in pack.members}
            shape = _joined_shape(pack, spec, list(shapes.values()), owner)
            if shape is not None and self.states.keys().isdisjoint(shapes):
                whole = self._create_joined(name, pack, shape, spec)
                segments |= {segment.path: segment for segment in pack.segments(whole, shapes)}
            if name in self._joined:
                slot.put_joined(pack, self._joined[name])
        return segments

    def _create_joined(self, name: str, pack: Pack, shape: Shape, spec: SlotSpec) -> Variable:
        first = pack.members[0]
        dtype = spec.dtype_for(first)
        initial, waits = partial(spec.initial_joined, pack, dtype), _waits(spec, pack.members)
        whole = distribution.create_beside(
            first,
            _zero if waits else initial,
            shape=shape,
            dtype=dtype,
            # TensorFlow allows no colon in the name of a variable; the name of a pack has one.
            name=name.replace(":", "_"),
        )
        self._joined[name] = State(whole, name)
        if waits:
            self._unstarted.append((self._joined[name], pack.members, initial))
        self._compute_as(first, self._joined[name], spec)
        return whole

    def _compute_as(self, variable: Variable, state: State, spec: SlotSpec) -> None:
        # A slot with a dtype of its own, such as a counter, is left alone: docs/design/nesting.md.
        if spec.dtype is None and spec.stored_dtype is not None:
            self.computed[id(state.variable)] = compute_dtype(spec.own_dtype(variable))

    @property
    def waits(self) -> bool:
        """Whether some state has not begun as its variables yet."""
        return bool(self._unstarted)

    def start(self) -> list[str]:
        """Let state begin as its variables once those have values, and return the names of what waits."""
        waiting, self._unstarted = self._unstarted, []
        for state, variables, initial in waiting:
            if _have_values(variables):
                state.assign(tf.broadcast_to(distribution.first_value(initial, state.dtype), state.shape))
            else:
                self._unstarted.append((state, variables, initial))
        return [state.name for state, *_ in self._unstarted]

    def keeps_joined(self, pack: Pack) -> bool:
        """Whether all state of the members of a pack is joined as they are, so that a step can join them."""
        states = (state for member in pack.members for state in self._beside.get(id(member), {}).values())
        return all(isinstance(state.variable, PackSegment) for state in states)

    @property
    def created(self) -> dict[str, Variable]:
        """Every variable that there is in memory by name: those of packs instead of segments, and shards."""
        kept = {**self._joined, **self.states, **self._shards}
        variables = {name: state.variable for name, state in kept.items()}
        parted = PackSegment | ShardedState
        return {name: each for name, each in variables.items() if not isinstance(each, parted)}

    @property
    def packs(self) -> dict[str, list[str]]:
        """The names of the segments of each pack's variable, in their order, by its name."""
        names = {id(state.variable): name for name, state in self._joined.items()}
        segments: dict[str, list[str]] = {name: [] for name in names.values()}
        for name, segment in self.segments.items():
            segments[names[id(segment.whole)]].append(name)
        return segments

    @property
    def segments(self) -> dict[str, PackSegment]:
        """State that is a segment of a pack's, by name."""
        each = ((name, state.variable) for name, state in self.states.items())
        return {name: variable for name, variable in each if isinstance(variable, PackSegment)}

    def with_state(self, variable: Variable) -> list[Variable | PackSegment]:
        """Return the variable and the state that there is for it."""
        return [variable, *(state.variable for state in self._beside.get(id(variable), {}).values())]

    def rows_of(self, variable: Variable) -> list[Variable]:
        """Return the variable and its state variables of the same shape: what a row of it consists of."""
        return [each for each in self.with_state(variable) if each.shape == variable.shape]

    @property
    def model_variables(self) -> ModelVariables:
        """The variables of the model that there is state for."""
        return self._model_variables

    def restore_from(self, restoration: Restoration | None) -> None:
        """Restore state by the names that it has in this checkpoint, now and when variables appear late."""
        self._by_name.restoration = restoration

    def saved_name(self, child: str) -> str | None:
        """Return the name of a child of the node by name in the checkpoint that is restored."""
        return self._by_name.saved_name(child)

    def _in_saved_model(self) -> dict[str, Trackable]:
        """Return the children for a SavedModel, which has to hold the variables that its functions use."""
        # A checkpoint holds segments by name instead, so it can be restored with other packs.
        by_name = {name: each for name, each in self.created.items() if name in self.states}
        joined = {name: each for name, each in self.created.items() if name not in self.states}
        children = {"by_name": saved_dict(by_name)}
        # A SavedModel must have every variable that its functions use.
        scratches = {str(number): each for number, each in enumerate(self.scratches.variables)}
        more = {"packed": joined, "scratches": scratches}
        return children | {name: saved_dict(each) for name, each in more.items() if each}


def _joined_shape(pack: Pack, spec: SlotSpec, shapes: Sequence[Shape], owner: str) -> Shape | None:
    """Return the shape of the joined state of a pack's members, None if it has to be kept apart."""
    dtypes = {spec.dtype_for(member) for member in pack.members}
    return pack.state_shape(shapes, owner) if len(dtypes) == 1 else None


def _zero() -> float:
    return 0.0


def _waits(spec: SlotSpec, variables: Sequence[Variable]) -> bool:
    """Whether state begins as variables that have no values yet."""
    # A model of Keras may be made in the function that trains it, where values come after the trace.
    return not (isinstance(spec.initial, int | float) or dry_running() or _have_values(variables))


def _have_values(variables: Sequence[Variable]) -> bool:
    with tf.init_scope():  # what a variable holds is known outside of a function that is traced
        return all(
            distribution.mesh_of(each) is not None or bool(each.is_initialized()) for each in variables
        )
