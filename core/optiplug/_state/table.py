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
from optiplug._variables.model_variables import ModelVariables
from optiplug._variables.packing import Pack, Packing, PackSegment
from optiplug.errors import StateError
from optiplug.numerics import compute_dtype

from .dry_run import Planned, dry_running
from .slot import Slot, State

__all__ = ["SlotSpec", "SlotTable"]

Initial: TypeAlias = float | str | Callable[[Variable], Tensor]


@dataclass(frozen=True)
class SlotSpec:
    """Shape, dtype and first value of a slot: each a value, a function of the model variable, or None.

    `stored_dtype` is the dtype that `state_dtype` asks for. A slot of real numbers is stored in it and
    computed in the dtype of its variable.
    """

    shape: Sequence[int] | Shape | Callable[[Variable], Sequence[int]] | None = None
    dtype: DType | str | Callable[[Variable], DType] | None = None
    initial: Initial = 0.0
    stored_dtype: str | None = None

    def shape_for(self, variable: Variable) -> Shape:
        """Return the shape of the state of one model variable, by default its own."""
        shape = self.shape(variable) if callable(self.shape) else self.shape
        return variable.shape if shape is None else tf.TensorShape(shape)

    def dtype_for(self, variable: Variable) -> DType:
        """Return the dtype of the state of one model variable, by default its own."""
        if self.dtype is None and self.stored_dtype is not None and variable.dtype.is_floating:
            return tf.as_dtype(self.stored_dtype)
        dtype = self.dtype(variable) if callable(self.dtype) else self.dtype
        return variable.dtype if dtype is None else tf.as_dtype(dtype)

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
        # A first value may be a scalar for a whole variable.
        shapes = [member.shape for member in pack.members]
        return pack.join(tf.broadcast_to(*each) for each in zip(starts, shapes, strict=True))


class SlotTable:
    """All state variables of one optimizer and its processors, by name, in order of creation.

    `node` is what checkpoints of the optimizer hold of it.
    """

    def __init__(self, model_variables: ModelVariables, packing: Packing) -> None:
        self._model_variables, self._packing = model_variables, packing
        # A dictionary keeps the order of creation, which is the order of `variables` and `set_weights`.
        self.states: dict[str, State] = {}
        self.homes: dict[str, tuple[str, str]] = {}
        """The slot and the path of the model variable of each state variable that belongs to one."""
        self.computed: dict[int, DType] = {}
        """The dtype to compute in, by the `id` of state that is not kept in the dtype of its variable."""
        self.exact: set[str] = set()
        """The names of the slots that keep their dtype whatever `state_dtype`."""
        self._owners: dict[str, str] = {}
        self._joined: dict[str, State] = {}
        # By the `id` of the model variable.
        self._beside: dict[int, dict[str, State]] = {}
        # A node of its own, so that no name of state can be that of another child.
        self._by_name = CheckpointNode()
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
    ) -> State:
        """Create a state variable, or return the one of that owner and name.

        Raises
        ------
        StateError
            If the name is taken by another owner, or by a variable of another shape or dtype.
        """
        held = self.states.get(name)
        if held is None:
            # Everything else runs as in a real build, so a plan has the same names: docs/architecture.md.
            if dry_running():
                return self.adopt(name, Planned(name, shape, dtype), owner=owner)
            variable = distribution.create_beside(beside, initial, shape=shape, dtype=dtype, name=name)
            return self.adopt(name, variable, owner=owner)
        if self._owners[name] != owner or not held.shape.is_compatible_with(shape):
            raise StateError(
                f"state {name!r} of shape {held.shape} belongs to {self._owners[name]!r} already",
                where=owner,
                received=tuple(shape),
                hint="give the slot, or the processor, another name",
            )
        return held

    def adopt(self, name: str, variable: Variable | PackSegment | Planned, *, owner: str) -> State:
        """Take in a variable that was created elsewhere."""
        # What is tracked is restored from a pending checkpoint at once, which a planned variable cannot be.
        if not isinstance(variable, Planned):
            track(self._by_name, name, variable)
        state = State(variable, name)
        self.states[name], self._owners[name] = state, owner
        return state

    def add_slot(self, slot: Slot, variables: Sequence[Variable], spec: SlotSpec, *, owner: str) -> None:
        """Create state for each of `variables`, named ``slot/path``: a variable, or a segment of a pack's."""
        if slot.exact:
            self.exact.add(slot.name)
        # Before the loop, which creates a variable where there is no segment.
        segments = self._joined_segments(slot, variables, spec)
        for variable in variables:
            name = self._name(slot, variable)
            if name in segments:
                self.adopt(name, segments[name], owner=owner)
            state = self.add(
                name,
                owner=owner,
                beside=variable,
                shape=spec.shape_for(variable),
                dtype=spec.dtype_for(variable),
                initial=partial(spec.initial_for, variable),
            )
            slot.put(variable, state)
            self._compute_as(variable, state, spec)
            self._beside.setdefault(id(variable), {})[name] = state
            self.homes[name] = slot.name, self._model_variables.path(variable)

    def _name(self, slot: Slot, variable: Variable) -> str:
        return f"{slot.name}/{self._model_variables.path(variable)}"

    def _joined_segments(
        self, slot: Slot, variables: Sequence[Variable], spec: SlotSpec
    ) -> dict[str, PackSegment]:
        """Create a variable for each new pack whose state can be joined, and return its segments by name."""
        segments: dict[str, PackSegment] = {}
        for pack in self._packing.within(variables):
            name, names = f"{slot.name}/{pack.name}", [self._name(slot, member) for member in pack.members]
            if names[0] not in self.states and _joinable(pack, spec):
                whole = self._create_joined(name, pack, spec)
                segments |= {segment.path: segment for segment in pack.segments(whole, names)}
            if name in self._joined:
                slot.put_joined(pack, self._joined[name])
        return segments

    def _create_joined(self, name: str, pack: Pack, spec: SlotSpec) -> Variable:
        first = pack.members[0]
        dtype = spec.dtype_for(first)
        whole = distribution.create_beside(
            first,
            lambda: spec.initial_joined(pack, dtype),
            shape=pack.shape,
            dtype=dtype,
            # TensorFlow allows no colon in the name of a variable; the name of a pack has one.
            name=name.replace(":", "_"),
        )
        self._joined[name] = State(whole, name)
        self._compute_as(first, self._joined[name], spec)
        return whole

    def _compute_as(self, variable: Variable, state: State, spec: SlotSpec) -> None:
        # A slot with a dtype of its own, such as a counter, is left alone: docs/design/nesting.md.
        if spec.dtype is None and spec.stored_dtype is not None:
            self.computed[id(state.variable)] = compute_dtype(variable.dtype)

    def keeps_joined(self, pack: Pack) -> bool:
        """Whether all state of the members of a pack is joined as they are, so that a step can join them."""
        states = (state for member in pack.members for state in self._beside.get(id(member), {}).values())
        return all(isinstance(state.variable, PackSegment) for state in states)

    @property
    def created(self) -> dict[str, Variable]:
        """Every variable that there is in memory by name: those of packs instead of their segments."""
        joined = {name: state.variable for name, state in self._joined.items()}
        alone = {name: state.variable for name, state in self.states.items()}
        return joined | {name: each for name, each in alone.items() if not isinstance(each, PackSegment)}

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

    def _in_saved_model(self) -> dict[str, Trackable]:
        """Return the children for a SavedModel, which has to hold the variables that its functions use."""
        # A checkpoint holds segments by name instead, so it can be restored with other packs.
        by_name = {name: each for name, each in self.created.items() if name in self.states}
        joined = {name: each for name, each in self.created.items() if name not in self.states}
        children = {"by_name": saved_dict(by_name)}
        return children | ({"packed": saved_dict(joined)} if joined else {})


def _joinable(pack: Pack, spec: SlotSpec) -> bool:
    """Whether the state of all members has their shapes and one dtype."""
    dtypes = {spec.dtype_for(member) for member in pack.members}
    return len(dtypes) == 1 and all(spec.shape_for(member) == member.shape for member in pack.members)
