"""Optimizer state: one named variable for each (owner, slot, model variable).

Names are paths such as ``momentum/encoder/dense/kernel``; checkpoints and listings speak of
nothing else, so how the state is laid out in memory can change without breaking a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from . import distribution
from .errors import BuildError, StateError
from .packs import Pack, Part
from .pairs import unwrapped
from .planning import Planned, planning
from .tensor_like import TensorLike
from .working import Working, current_frame

__all__ = ["Parameters", "Slot", "SlotTable", "State"]

Initial = float | str | Callable[[Any], Any]


class Parameters:
    """The model's variables, in the order in which the optimizer met them, each with a unique path."""

    def __init__(self) -> None:
        self.variables: list[Any] = []
        self.paths: dict[int, str] = {}
        self.packs: list[Pack] = []
        self._constraints: dict[int, Any] = {}

    def __contains__(self, variable: Any) -> bool:
        return id(variable) in self.paths

    def __iter__(self) -> Iterator[Any]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def path(self, variable: Any) -> str:
        """Return the unique path of a variable."""
        return self.paths[id(variable)]

    def constraint(self, variable: Any) -> Any:
        """Return the function that a variable's values go through after an update; a pack has none."""
        return self._constraints.get(id(variable))

    def add(self, given: Any) -> None:
        """Take a variable in; equal names are told apart by a number, in order."""
        variable = unwrapped(given)
        if variable in self:
            return
        wanted = variable.name.rsplit(":", 1)[0]
        taken, unique, number = set(self.paths.values()), wanted, 0
        while unique in taken:
            number += 1
            unique = f"{wanted}_{number}"
        self.variables.append(variable)
        self.paths[id(variable)] = unique
        # A variable of Keras 3 has the constraint; the tf.Variable inside of it has none.
        self._constraints[id(variable)] = getattr(given, "constraint", None)

    def join(self, members: Sequence[Any]) -> None:
        """Let steps treat some small variables as one."""
        self.packs.append(Pack(members, f"pack_{len(self.packs)}"))


class State(TensorLike):
    """One state variable as a plugin holds it.

    While a step is traced it stands for the working value of that step; at any other time for
    the variable itself.
    """

    def __init__(self, variable: Any, name: str) -> None:
        self.variable, self.name = variable, name

    def __repr__(self) -> str:
        return f"<State {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def _now(self) -> Any:
        frame = current_frame()
        return self.variable if frame is None else frame.working(self.variable)

    @property
    def value(self) -> Any:
        """The current value as a tensor."""
        return self._now.read_value()

    @property
    def dtype(self) -> Any:
        """The dtype: of the variable, or inside a step the one to compute in."""
        return self._now.dtype

    @property
    def shape(self) -> Any:
        """The static shape."""
        return self.variable.shape

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> State:
        """Replace the value."""
        frame, value = current_frame(), tf.cast(value, self.dtype)
        if frame is None:
            distribution.assign(self.variable, value)
        else:
            frame.working(self.variable).assign(value)
        return self

    def numpy(self) -> Any:
        """Return the value as a NumPy array (outside of a step)."""
        return distribution.numpy(self.variable)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.numpy(), dtype)


class Slot:
    """One state variable for each model variable: ``slot[variable]``.

    Inside a step the result is a `Working`, outside of it a `State`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._states: dict[int, State] = {}
        self._packed: dict[int, State] = {}

    def __getitem__(self, variable: Any) -> Any:
        key = variable.key if isinstance(variable, Working) else id(variable)
        state = self._states.get(key) or self._packed.get(key)
        if state is None:
            raise BuildError(
                f"slot {self.name!r} holds no state for this variable",
                received=getattr(variable, "name", variable),
                hint="build the optimizer with this variable first",
            )
        frame = current_frame()
        return state if frame is None else frame.working(state.variable)

    def __iter__(self) -> Iterator[State]:
        return iter(self._states.values())

    def __len__(self) -> int:
        return len(self._states)

    def put(self, variable: Any, state: State) -> None:
        """Keep the state of a model variable."""
        self._states[id(variable)] = state

    def put_packed(self, pack: Pack, state: State) -> None:
        """Keep the state of a pack, of which that of its members is a part."""
        self._packed[id(pack)] = state


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
        chosen = set(map(id, variables))
        for pack in parameters.packs:
            names = [f"{slot.name}/{parameters.path(member)}" for member in pack.members]
            if chosen.issuperset(map(id, pack.members)) and names[0] not in self._index.states:
                self._add_packed(slot, pack, names, owner=owner, shape=shape, dtype=dtype, initial=initial)
        for variable in variables:
            state = self.add(
                f"{slot.name}/{parameters.path(variable)}",
                owner=owner,
                beside=variable,
                shape=_chosen(shape, variable, variable.shape),
                dtype=tf.as_dtype(_chosen(dtype, variable, variable.dtype)),
                initial=_initializer(initial, variable),
            )
            slot.put(variable, state)
            self._index.beside.setdefault(id(variable), {})[state.name] = state
            self._index.homes[state.name] = (slot.name, parameters.path(variable))

    def _add_packed(
        self,
        slot: Slot,
        pack: Pack,
        names: Sequence[str],
        *,
        owner: str,
        shape: Any,
        dtype: Any,
        initial: Initial,
    ) -> None:
        shapes = [tf.TensorShape(_chosen(shape, each, each.shape)) for each in pack.members]
        dtypes = {tf.as_dtype(_chosen(dtype, each, each.dtype)) for each in pack.members}
        if len(dtypes) > 1 or shapes != [each.shape for each in pack.members]:
            pack.split_up = True
            return
        (held,) = dtypes

        def start() -> Any:
            if isinstance(initial, int | float):
                return initial
            values = [tf.cast(_initializer(initial, each)(), held) for each in pack.members]
            return pack.join(
                tf.broadcast_to(value, each.shape) for value, each in zip(values, pack.members, strict=True)
            )

        name = f"{slot.name}/{pack.name}"
        whole = distribution.create_beside(pack.members[0], start, shape=pack.shape, dtype=held, name=name)
        self._index.packed[name] = whole
        slot.put_packed(pack, State(whole, name))
        for part in pack.parts(whole, names):
            self.adopt(part.path, part, owner=owner)

    @property
    def created(self) -> dict[str, Any]:
        """Every variable that there is in memory by name: those of packs instead of their parts."""
        alone = {name: state.variable for name, state in self.states.items()}
        return self._index.packed | {name: each for name, each in alone.items() if not isinstance(each, Part)}

    @property
    def packs(self) -> dict[str, list[str]]:
        """The names of the parts of each pack's variable, in their order, by its name."""
        names = {id(whole): name for name, whole in self._index.packed.items()}
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
            alone = {name: each for name, each in self.created.items() if name in self.states}
            return {"by_name": _tracked(alone), "packed": _tracked(self._index.packed)}
        return super()._trackable_children(save_type, **kwargs)  # type: ignore[no-any-return]

    @property
    def homes(self) -> dict[str, tuple[str, str]]:
        """The slot and the path of the model variable of each state variable that belongs to one."""
        return self._index.homes

    def rows_of(self, variable: Any) -> list[Any]:
        """Return the variable and its state variables of the same shape: what a row of it consists of."""
        beside = self._index.beside.get(id(variable), {}).values()
        return [variable, *(state.variable for state in beside if state.shape == variable.shape)]


def _tracked(variables: dict[str, Any]) -> Any:
    return tf.__internal__.tracking.wrap(dict(variables))


class _Index:
    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.owners: dict[str, str] = {}
        self.packed: dict[str, Any] = {}
        self.beside: dict[int, dict[str, State]] = {}
        self.homes: dict[str, tuple[str, str]] = {}


def _chosen(wanted: Any, variable: Any, default: Any) -> Any:
    if wanted is None:
        return default
    return wanted(variable) if callable(wanted) else wanted


def _initializer(initial: Initial, variable: Any) -> Callable[[], Any]:
    if initial == "variable":
        return variable.read_value  # type: ignore[no-any-return]  # TensorFlow is untyped
    if callable(initial):
        return lambda: initial(variable)
    return lambda: initial
