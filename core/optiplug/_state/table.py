"""All state of one optimizer: one named variable for each (owner, slot, model variable).

Names are paths such as ``momentum/encoder/dense/kernel``; checkpoints and listings speak of
nothing else, so how the state is laid out in memory can change without breaking a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import CheckpointNode, Trackable, saved_dict, track
from optiplug._types import DType, Mesh, Shape, Tensor, Variable
from optiplug._variables.branches import Scratches
from optiplug._variables.model_variables import ModelVariables, Whole
from optiplug._variables.packing import Pack, Packing, PackSegment
from optiplug._variables.share import Share
from optiplug.errors import BuildError, StateError
from optiplug.numerics import compute_dtype

from .dry_run import Planned, dry_running
from .gathering import Gathering
from .restoration import Restoration
from .sharded_state import ShardedState, joined_state
from .shared_value import SharedValue, read_together
from .slot import Slot, State
from .slot_spec import SlotSpec
from .summed_value import SummedValue, Sums
from .widened_value import StateNode

__all__ = ["SlotTable"]

_COUNTERS = ("iterations", "learning_rate")


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
        self._gathering, self._sums = Gathering(read_together), Sums(lambda name: self.states[name].variable)
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
        seen_as: Callable[[Variable], Variable | SummedValue] = lambda variable: variable,
    ) -> State:
        """Create a state variable, or return the one of that owner and name; of a `shard`, a part of one.

        `seen_as` returns what it is outside of steps.

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
            return self.adopt(name, seen_as(variable), owner=owner, widened=widened)
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
        variable: Variable | PackSegment | ShardedState | SummedValue | Planned,
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

    def add_slot(
        self,
        slot: Slot,
        variables: Sequence[Variable],
        spec: SlotSpec,
        *,
        owner: str,
        sees_whole: bool = False,
    ) -> None:
        """Create state for each of `variables`, named ``slot/path``: a variable, or a segment of a pack's.

        The owner of the state may be one that sees the whole of variables that are shared.
        """
        if slot.exact:
            self.exact.add(slot.name)
        packs = self._packing.within(variables)
        packs = [pack for pack in packs if not (sees_whole and isinstance(pack, Share))]
        # Before the loop, which creates a variable where there is no segment.
        segments = self._joined_segments(slot, packs, spec, owner)
        for variable in variables:
            name, whole = self._name(slot, variable), self._model_variables.whole(variable)
            own_name = f"{slot.name}/{self._model_variables.paths[id(variable)]}"
            widened = self._narrow_dtype(variable, spec)
            if widened is not None:
                self.widened[name] = widened
            seen_as = partial(self._sums.seen_as, spec, own_name)
            if name in segments:
                self.adopt(name, seen_as(segments[name]), owner=owner, widened=widened)
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
                seen_as=seen_as,
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
        self, slot: Slot, packs: Iterable[Pack], spec: SlotSpec, owner: str
    ) -> dict[str, PackSegment | Planned]:
        """Create a variable for each new pack whose state can be joined, and return its segments by name."""
        segments: dict[str, PackSegment | Planned] = {}
        for pack in packs:
            name = f"{slot.name}/{pack.name}"
            shapes = {self._name(slot, member): spec.shape_for(member) for member in pack.members}
            shape = _joined_shape(pack, spec, list(shapes.values()), owner)
            if shape is not None and self.states.keys().isdisjoint(shapes):
                if isinstance(pack, Share):
                    (path,) = shapes
                    segments[path] = self._create_shared(name, path, pack, spec)
                else:
                    whole = self._create_joined(name, pack, shape, spec)
                    segments |= {segment.path: segment for segment in pack.segments(whole, shapes)}
            if name in self._joined:
                slot.put_joined(pack, self._joined[name])
        return segments

    def _create_shared(self, name: str, path: str, pack: Share, spec: SlotSpec) -> SharedValue | Planned:
        member, dtype = pack.member, spec.dtype_for(pack.member)
        if dry_running():
            return Planned(path, member.shape, dtype, held=pack.shape)
        start = spec.initial if isinstance(spec.initial, int | float) else 0.0
        whole = distribution.create_shares(
            member, start, shape=pack.shape, dtype=dtype, name=name.replace(":", "_")
        )
        self._joined[name] = State(whole, name)
        self._compute_as(member, self._joined[name], spec)
        value = self._gathering.add(SharedValue(whole, pack, path, self._gathering))
        initial = partial(spec.initial_for, member)
        if _waits(spec, [member]):
            self._unstarted.append((State(value, path), [member], initial))
        elif not isinstance(spec.initial, int | float):
            first = distribution.first_value(initial, dtype)
            value.assign(tf.broadcast_to(first, value.shape))
        return value

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
        segments: dict[str, list[str]] = {}
        for name, segment in self.segments.items():
            if not isinstance(segment, SharedValue):
                segments.setdefault(names[id(segment.whole)], []).append(name)
        return segments

    @property
    def segments(self) -> dict[str, PackSegment]:
        """State that is a segment of a pack's, by name."""
        each = ((name, state.variable) for name, state in self.states.items())
        return {name: variable for name, variable in each if isinstance(variable, PackSegment)}

    def with_state(self, variable: Variable) -> list[Variable | PackSegment]:
        """Return the variable and the state that there is for it."""
        return [variable, *(state.variable for state in self._beside.get(id(variable), {}).values())]

    def apart(self, variable: Variable) -> list[State]:
        """Return the state of a variable that is of another shape than it."""
        states = self._beside.get(id(variable), {}).values()
        return [state for state in states if state.variable.shape != variable.shape]

    def of_share(self, variable: Variable) -> list[Variable]:
        """Return the state of a variable of which each replica has its share."""
        return [each.whole for each in self.with_state(variable) if isinstance(each, SharedValue)]

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
        self._sums.require_whole()
        # A checkpoint holds segments by name instead, so it can be restored with other packs.
        by_name = {name: each for name, each in self.created.items() if name in self.states}
        joined = {name: self._joined[name].variable for name in self.packs}
        # Nothing in a SavedModel is spread over replicas.
        shared = {name: each for name, each in self.segments.items() if isinstance(each, SharedValue)}
        by_name |= {name: tf.Variable(each.read_value(), trainable=False) for name, each in shared.items()}
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
