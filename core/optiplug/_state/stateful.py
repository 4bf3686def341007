"""Owners of state: an optimizer, or a processor that averages, counts or accumulates."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self

import tensorflow as tf

from optiplug._variables.model_variables import Parameters
from optiplug.errors import BuildError

from .slot import Slot, State
from .table import SlotTable, StateDtype

__all__ = ["Stateful"]


class Stateful:
    """Mixin of everything that keeps state between steps.

    `owner` prefixes the names of its state: empty for the optimizer itself, the name of the
    processor otherwise.
    """

    owner: str = ""
    inherited_dtype: str | None = None

    def attach(self, owner: str, table: SlotTable, parameters: Parameters) -> None:
        """Give this owner its place in a table; called once, before `build`."""
        if vars(self).get("_table") not in (None, table):
            raise BuildError(
                f"{type(self).__name__} belongs to another optimizer already",
                where=owner,
                hint="make a new one for each optimizer",
            )
        self.owner, self._table, self._parameters = owner, table, parameters
        self._slots = vars(self).get("_slots") or _Slots()
        self._variables = vars(self).get("_variables") or _Chosen()

    def build(self, variables: Sequence[Any]) -> None:
        """Create the state for `variables`; called again with all of them when more appear later."""
        if vars(self).get("_table") is None:
            raise BuildError(f"{type(self).__name__} has no optimizer yet", hint="list it in `processors`")
        self._variables = _Chosen(variables)

    @property
    def has_slots(self) -> bool:
        """Whether there is state for each variable of the model."""
        return bool(vars(self).get("_slots"))

    def detached(self) -> Self:
        """Return a copy that belongs to no optimizer and has no state."""
        twin = copy.copy(self)
        for name in ("_table", "_parameters", "_slots", "_variables"):
            vars(twin).pop(name, None)
        return twin

    def add_slot(
        self,
        name: str,
        *,
        shape: Sequence[int] | Callable[[Any], Sequence[int]] | None = None,
        dtype: Any = None,
        initial: float | str | Callable[[Any], Any] = 0.0,
        variables: Sequence[Any] | None = None,
        exact: bool = False,
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

        Calling it again with the same name returns the same slot, grown by the new variables.
        """
        slot = self._slots.setdefault(name, Slot(self._qualified(name), exact=exact))
        self._table.add_slot(
            slot,
            self._parameters,
            self._variables if variables is None else variables,
            owner=self.owner,
            shape=shape,
            dtype=self._slot_dtype if dtype is None and not exact else dtype,
            initial=initial,
        )
        return slot

    def add_state(
        self,
        name: str,
        *,
        shape: Sequence[int] = (),
        dtype: Any = tf.float32,
        initial: float | Callable[[], Any] = 0,
    ) -> State:
        """Create one state variable that is shared by all variables of the model, such as a counter."""
        return self._table.add(
            self._qualified(name),
            owner=self.owner,
            beside=next(iter(self._variables or self._parameters), None),
            shape=shape,
            dtype=tf.as_dtype(dtype),
            initial=initial if callable(initial) else lambda: initial,
        )

    @property
    def state_dtype(self) -> str | None:
        """The dtype of state, if the config of an optimizer has one, or that of an optimizer around it."""
        return getattr(vars(self).get("config"), "state_dtype", None) or self.inherited_dtype

    @property
    def _slot_dtype(self) -> StateDtype | None:
        return None if self.state_dtype is None else StateDtype(self.state_dtype)

    def _qualified(self, name: str) -> str:
        return f"{self.owner}/{name}" if self.owner else name


class _Slots(dict[str, Slot]):
    """A type of its own, so that tf.Module does not track what the table tracks already."""


class _Chosen(list[Any]):
    """As `_Slots`: model variables are the model's to track."""
