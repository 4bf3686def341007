"""The variables of the model, as an optimizer knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .packs import Pack
from .pairs import unwrapped

__all__ = ["Parameters"]


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
