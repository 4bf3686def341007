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
from .pairs import unwrapped
from .planning import Planned, planning
from .working import TensorLike, Working, current_frame

__all__ = ["Parameters", "Slot", "SlotTable", "State"]

Initial = float | str | Callable[[Any], Any]


class Parameters:
    """The model's variables, in the order in which the optimizer met them, each with a unique path."""

    def __init__(self) -> None:
        self.variables: list[Any] = []
        self.paths: dict[int, str] = {}
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
        """Return the function that a variable's values go through after an update, or None."""
        return self._constraints[id(variable)]

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

    def __getitem__(self, variable: Any) -> Any:
        key = variable.key if isinstance(variable, Working) else id(variable)
        state = self._states.get(key)
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
        """Create one state variable for each of `variables`, named ``slot/path``."""
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

    @property
    def homes(self) -> dict[str, tuple[str, str]]:
        """The slot and the path of the model variable of each state variable that belongs to one."""
        return self._index.homes

    def rows_of(self, variable: Any) -> list[Any]:
        """Return the variable and its state variables of the same shape: what a row of it consists of."""
        beside = self._index.beside.get(id(variable), {}).values()
        return [variable, *(state.variable for state in beside if state.shape == variable.shape)]


class _Index:
    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.owners: dict[str, str] = {}
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
