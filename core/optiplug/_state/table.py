"""All state of one optimizer: one named variable for each (owner, slot, model variable).

Names are paths such as ``momentum/encoder/dense/kernel``; checkpoints and listings speak of
nothing else, so how the state is laid out in memory can change without breaking a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._variables.model_variables import Parameters
from optiplug._variables.packing import Pack, Part
from optiplug.errors import StateError
from optiplug.numerics import compute_dtype

from .dry_run import Planned, planning
from .slot import Slot, State

__all__ = ["SlotTable", "StateDtype"]

Initial = float | str | Callable[[Any], Any]


class SlotTable(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped; tf.Module makes the table part of a checkpoint
    """All state variables of one optimizer and its processors, by name, in order of creation."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, Any] = {}
        # Plain Python beside the tracked dict: lookups while tracing need no wrapper.
        self._index = _Index()

    @property
    def states(self) -> dict[str, State]:
        """Every state variable by name."""
        return self._index.states

    def add(
        self,
        name: str,
        *,
        owner: str,
        beside: Any,
        shape: Sequence[int] = (),
        dtype: Any = tf.float32,
        initial: Callable[[], Any] = lambda: 0,
    ) -> State:
        """Create a state variable, or return the one of that owner and name.

        Raises
        ------
        StateError
            If the name is taken by another owner, or by a variable of another shape or dtype.
        """
        held = self._index.states.get(name)
        if held is None:
            if planning():
                return self.adopt(name, Planned(name, shape, dtype), owner=owner)
            variable = distribution.create_beside(beside, initial, shape=shape, dtype=dtype, name=name)
            return self.adopt(name, variable, owner=owner)
        if self._index.owners[name] != owner or not held.shape.is_compatible_with(shape):
            raise StateError(
                f"state {name!r} of shape {held.shape} belongs to {self._index.owners[name]!r} already",
                where=owner,
                received=tuple(shape),
                hint="give the slot, or the processor, another name",
            )
        return held

    def adopt(self, name: str, variable: Any, *, owner: str) -> State:
        """Take in a variable that was created elsewhere."""
        self.by_name[name] = variable
        state = State(variable, name)
        self._index.states[name], self._index.owners[name] = state, owner
        return state

    def add_slot(
        self,
        slot: Slot,
        parameters: Parameters,
        variables: Sequence[Any],
        *,
        owner: str,
        shape: Any = None,
        dtype: Any = None,
        initial: Initial = 0.0,
    ) -> None:
        """Create state for each of `variables`, named ``slot/path``: a variable, or a part of a pack's."""
        form, chosen = _Form(shape, dtype, initial), set(map(id, variables))
        if slot.exact:
            self._index.exact.add(slot.name)
        parts: dict[str, Part] = {}
        for pack in parameters.packs:
            paths = [f"{slot.name}/{parameters.path(member)}" for member in pack.members]
            if chosen.issuperset(map(id, pack.members)):
                if paths[0] not in self._index.states:
                    parts |= self._add_packed(f"{slot.name}/{pack.name}", pack, form, paths)
                slot.put_packed(pack, self._index.packed.get(f"{slot.name}/{pack.name}"))
        for variable in variables:
            name = f"{slot.name}/{parameters.path(variable)}"
            if name in parts:
                self.adopt(name, parts[name], owner=owner)
            state = self.add(
                name,
                owner=owner,
                beside=variable,
                shape=form.shape_of(variable),
                dtype=form.dtype_of(variable),
                initial=partial(form.start_of, variable),
            )
            slot.put(variable, state)
            self._compute_as(variable, state, form)
            self._index.beside.setdefault(id(variable), {})[state.name] = state
            self._index.homes[state.name] = (slot.name, parameters.path(variable))

    def _add_packed(self, name: str, pack: Pack, form: _Form, paths: Sequence[str]) -> dict[str, Part]:
        """Create one variable for all members of a pack, if their state has their shapes and one dtype."""
        dtypes = {form.dtype_of(member) for member in pack.members}
        if len(dtypes) > 1 or any(form.shape_of(member) != member.shape for member in pack.members):
            pack.split_up = True
            return {}

        def start() -> Any:
            if isinstance(form.initial, int | float):
                return form.initial
            starts = [form.start_of(member) for member in pack.members]
            return pack.join(
                tf.broadcast_to(tf.cast(value, *dtypes), member.shape)
                for value, member in zip(starts, pack.members, strict=True)
            )

        whole = distribution.create_beside(
            pack.members[0], start, shape=pack.shape, dtype=next(iter(dtypes)), name=name.replace(":", "_")
        )
        self._index.packed[name] = State(whole, name)
        self._compute_as(pack.members[0], self._index.packed[name], form)
        return {part.path: part for part in pack.parts(whole, paths)}

    def _compute_as(self, variable: Any, state: State, form: _Form) -> None:
        if isinstance(form.dtype, StateDtype):
            self._index.computed[id(state.variable)] = compute_dtype(variable.dtype)

    @property
    def created(self) -> dict[str, Any]:
        """Every variable that there is in memory by name: those of packs instead of their parts."""
        alone = {name: state.variable for name, state in self.states.items()}
        packed = {name: state.variable for name, state in self._index.packed.items()}
        return packed | {name: each for name, each in alone.items() if not isinstance(each, Part)}

    @property
    def packs(self) -> dict[str, list[str]]:
        """The names of the parts of each pack's variable, in their order, by its name."""
        names = {id(state.variable): name for name, state in self._index.packed.items()}
        parts: dict[str, list[str]] = {name: [] for name in names.values()}
        for name, part in self.parts.items():
            parts[names[id(part.whole)]].append(name)
        return parts

    @property
    def parts(self) -> dict[str, Part]:
        """State that is a part of a pack's, by name."""
        each = ((name, state.variable) for name, state in self.states.items())
        return {name: variable for name, variable in each if isinstance(variable, Part)}

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """Let a SavedModel have what its functions use; a checkpoint has what has a name."""
        if save_type == "savedmodel" and self._index.packed:
            by_name = {name: each for name, each in self.created.items() if name in self.states}
            packed = {name: each for name, each in self.created.items() if name not in self.states}
            return {"by_name": _tracked(by_name), "packed": _tracked(packed)}
        return super()._trackable_children(save_type, **kwargs)  # type: ignore[no-any-return]

    @property
    def homes(self) -> dict[str, tuple[str, str]]:
        """The slot and the path of the model variable of each state variable that belongs to one."""
        return self._index.homes

    @property
    def computed(self) -> dict[int, Any]:
        """The dtype to compute in, by the `id` of state that is not kept in the dtype of its variable."""
        return self._index.computed

    @property
    def exact(self) -> set[str]:
        """The names of the slots that keep their dtype whatever `state_dtype`."""
        return self._index.exact

    def rows_of(self, variable: Any) -> list[Any]:
        """Return the variable and its state variables of the same shape: what a row of it consists of."""
        beside = self._index.beside.get(id(variable), {}).values()
        return [variable, *(state.variable for state in beside if state.shape == variable.shape)]


def _tracked(variables: dict[str, Any]) -> Any:
    return tf.__internal__.tracking.wrap(dict(variables))


@dataclass(frozen=True)
class StateDtype:
    """The dtype of a slot that is kept in another one than its variable, and computed in the variable's."""

    wanted: str

    def __call__(self, variable: Any) -> Any:
        return tf.as_dtype(self.wanted) if variable.dtype.is_floating else variable.dtype


class _Index:
    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.owners: dict[str, str] = {}
        self.packed: dict[str, State] = {}
        self.beside: dict[int, dict[str, State]] = {}
        self.homes: dict[str, tuple[str, str]] = {}
        self.computed: dict[int, Any] = {}
        self.exact: set[str] = set()


@dataclass(frozen=True)
class _Form:
    """What a plugin says of a slot: each is a value, a function of the variable, or left out."""

    shape: Any
    dtype: Any
    initial: Initial

    def shape_of(self, variable: Any) -> Any:
        return tf.TensorShape(_chosen(self.shape, variable, variable.shape))

    def dtype_of(self, variable: Any) -> Any:
        return tf.as_dtype(_chosen(self.dtype, variable, variable.dtype))

    def start_of(self, variable: Any) -> Any:
        if self.initial == "variable":
            return variable.read_value()
        return self.initial(variable) if callable(self.initial) else self.initial


def _chosen(wanted: Any, variable: Any, default: Any) -> Any:
    if wanted is None:
        return default
    return wanted(variable) if callable(wanted) else wanted
