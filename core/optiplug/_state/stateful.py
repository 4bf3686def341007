"""Owners of state: an optimizer, or a processor that averages, counts or accumulates."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import tensorflow as tf

from optiplug._derived import derived
from optiplug._types import DType, Mesh, Tensor, Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import BuildError

from .slot import Slot, State
from .slot_spec import SlotSpec
from .table import SlotTable

__all__ = ["HasState", "StateOwner", "Stateful"]


class StateOwner:
    """One owner of state in a table, and the model variables that it has state for.

    `prefix` is put before the names of its state: empty for the optimizer itself, the name of a
    processor. `state_dtype` is the dtype in which slots of real numbers are stored, None: the default.
    State that is created before there are variables is placed on `mesh`. An owner that `sees_whole` has
    state for whole variables where others have it for shares.
    """

    def __init__(
        self,
        prefix: str,
        table: SlotTable,
        model_variables: ModelVariables,
        *,
        state_dtype: str | None = None,
        mesh: Mesh | None = None,
        sees_whole: bool = False,
    ) -> None:
        self.prefix, self.table, self.model_variables = prefix, table, model_variables
        self.state_dtype, self._mesh, self._sees_whole = state_dtype, mesh, sees_whole
        self.variables: Sequence[Variable] = ()
        self.slots: dict[str, Slot] = {}

    def qualified(self, name: str) -> str:
        """Return the name in the table of what this owner calls `name`."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def add_slot(self, name: str, spec: SlotSpec, variables: Sequence[Variable] | None, exact: bool) -> Slot:
        """Create or complete the slot of a name."""
        # The same Slot as before, since `build` runs again when variables appear late.
        slot = self.slots.setdefault(name, Slot(self.qualified(name), exact=exact))
        chosen = self.variables if variables is None else variables
        self.table.add_slot(slot, chosen, spec, owner=self.prefix, sees_whole=self._sees_whole)
        return slot

    @property
    def place(self) -> Variable | Mesh | None:
        """Where state of the whole optimizer is created: beside the first variable, else on the mesh."""
        return next(iter(self.model_variables), self._mesh)

    def add_counter(self, name: str, initial: float, dtype: DType) -> State:
        """Create or find a scalar of the whole optimizer."""
        name = self.qualified(name)
        held = self.table.states.get(name)
        if held is not None:
            return held
        return self.table.add(
            name, owner=self.prefix, beside=self.place, dtype=dtype, initial=lambda: initial
        )

    def add_state(
        self, name: str, shape: Sequence[int], dtype: DType, initial: Callable[[], Tensor]
    ) -> State:
        """Create or find the shared state of a name."""
        return self.table.add(
            self.qualified(name),
            owner=self.prefix,
            beside=next(iter(self.variables), self.place),
            shape=shape,
            dtype=tf.as_dtype(dtype),
            initial=initial,
        )


class HasState(Protocol):
    """An object that can add state: an optimizer or a processor."""

    def _state_owner(self) -> StateOwner: ...


class Stateful:
    """Mixin of processors that keep state between steps."""

    # A class attribute, so that a processor with a constructor of its own need not call ours.
    _attached: StateOwner | None = None

    def _state_owner(self) -> StateOwner:
        if self._attached is None:
            raise BuildError(f"{type(self).__name__} has no optimizer yet", hint="list it in `processors`")
        return self._attached

    @derived
    def owner(self) -> str:
        """The name of this processor in its optimizer, which comes before the names of its state."""
        return "" if self._attached is None else self._attached.prefix

    @property
    def has_slots(self) -> bool:
        """Whether there is state for each variable of the model."""
        return self._attached is not None and bool(self._attached.slots)

    def attach(self, owner: StateOwner) -> None:
        """Give this processor its place in a table of state, before `build`.

        Raises
        ------
        BuildError
            If it has a place in another one.
        """
        if self._attached is None:
            self._attached = owner
        elif self._attached.table is owner.table:
            self._attached.prefix = owner.prefix
        else:
            raise BuildError(
                f"{type(self).__name__} belongs to another optimizer already",
                where=owner.prefix,
                hint="make a new one for each optimizer",
            )

    def detached(self) -> Self:
        """Return a copy that belongs to no optimizer and has no state."""
        # Shallow: the config is frozen, and state belongs to the table.
        twin = copy.copy(self)
        vars(twin).pop("_attached", None)
        return twin

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the state for `variables`; called again with all of them when more appear later."""
        self._state_owner().variables = list(variables)

    def add_slot(
        self: HasState,
        name: str,
        *,
        shape: Sequence[int] | Callable[[Variable], Sequence[int]] | None = None,
        dtype: DType | str | Callable[[Variable], DType] | None = None,
        initial: float | str | Callable[[Variable], Tensor] = 0.0,
        variables: Sequence[Variable] | None = None,
        exact: bool = False,
        real: bool = False,
        summed_while: str | None = None,
    ) -> Slot:
        """Create one state variable for each variable of the model, and return them as a `Slot`.

        Parameters
        ----------
        name
            What the state is for, named for its reader: ``momentum``, ``second_moment``.
        shape
            The shape, or a function of the variable; by default the variable's.
        dtype
            The dtype, or a function of the variable; by default the variable's, or what
            `state_dtype` of an optimizer says.
        initial
            A number, ``"variable"`` for a copy of the variable, or a function of the variable.
        variables
            Those that need it, if not all do; ``variable in slot`` tells.
        exact
            Keep it in its dtype whatever `state_dtype`: for what a variable is compared with, such as
            its first value.
        real
            Real also for a complex variable: for sums of ``|gradient|^2`` and other magnitudes.
        summed_while
            The name of a state of this owner, the same on all replicas. While it is not 0 each replica has a
            value of its own here, and the state is their sum: for what a gate `before_sum` holds. While it is
            0 all elements are `initial`, a number, which always counts for nothing in the sum.

        Calling it again with the same name returns the same slot, grown by the new variables.

        Raises
        ------
        BuildError
            If it is called before the optimizer is known: do it in `build`.
        StateError
            If the name is taken by state of another owner or shape.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> class Momentum(optiplug.Optimizer):
        ...     def build(self, var_list):
        ...         super().build(var_list)
        ...         self.momentum = self.add_slot("momentum")
        ...     def update_step(self, gradient, variable):
        ...         momentum = self.momentum[variable]
        ...         momentum.assign(0.5 * momentum + gradient)
        ...         variable.assign_sub(momentum)
        >>> weight = tf.Variable(4.0)
        >>> optimizer = Momentum("momentum")
        >>> for _ in range(2):
        ...     _ = optimizer.apply_gradients([(tf.constant(1.0), weight)])
        >>> float(weight), optimizer.momentum[weight].numpy().item()
        (1.5, 1.5)
        """
        owner = _owner_of(self)
        asked = owner.state_dtype
        stored_dtype = asked if dtype is None and (not exact or asked == "variable") else None
        counter = None if summed_while is None else owner.qualified(summed_while)
        spec = SlotSpec(shape, dtype, initial, stored_dtype, real, counter)
        return owner.add_slot(name, spec, variables, exact)

    def add_state(
        self: HasState,
        name: str,
        *,
        shape: Sequence[int] = (),
        dtype: DType | str = tf.float32,
        initial: float | Callable[[], Tensor] = 0,
    ) -> State:
        """Create one state variable that is shared by all variables of the model, such as a counter.

        `initial` is a number, or a function that returns the first value. Calling it again with the same
        name returns the same variable.

        Raises
        ------
        BuildError
            If it is called before the optimizer is known: do it in `build`.
        StateError
            If the name is taken by state of another owner or shape.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> class Counting(optiplug.Optimizer):
        ...     def build(self, var_list):
        ...         super().build(var_list)
        ...         self.calls = self.add_state("calls", dtype=tf.int64)
        ...     def update_step(self, gradient, variable):
        ...         self.calls.assign_add(1)
        >>> optimizer = Counting("counting")
        >>> _ = optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(4.0))])
        >>> int(optimizer.calls.numpy())
        1
        """
        # A function, since the first value may only be computed where the variable is created.
        start = initial if callable(initial) else lambda: initial
        return _owner_of(self).add_state(name, shape, dtype, start)


def _owner_of(thing: HasState) -> StateOwner:
    # Looked up on the class, so that an attribute of the same name does not replace it.
    return type(thing)._state_owner(thing)  # noqa: SLF001
