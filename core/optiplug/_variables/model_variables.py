"""The variables of the model, as an optimizer knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .packing import Pack
from .pairs import unwrapped

__all__ = ["Parameters"]


class Parameters:
    """The model's variables, in the order in which the optimizer met them, each with a unique path."""

    def __init__(self) -> None:
        self.variables: list[Any] = []
        self.paths: dict[int, str] = {}
        self.packs: list[Pack] = []
        self._numbers: dict[str, int] = {}
        self._constraints: dict[int, Any] = {}
        self._first: dict[int, int] = {}

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
        path = wanted = variable.name.rsplit(":", 1)[0]
        while path in self._numbers:
            self._numbers[wanted] += 1
            path = f"{wanted}_{self._numbers[wanted]}"
        self._numbers[path] = 0
        self.variables.append(variable)
        self.paths[id(variable)] = path
        # A variable of Keras 3 has the constraint; the tf.Variable inside of it has none.
        self._constraints[id(variable)] = getattr(given, "constraint", None)

    def join(self, members: Sequence[Any]) -> None:
        """Let steps treat some small variables as one; no path has a colon in it, so no name is taken."""
        pack = Pack(members, f"pack:{len(self.packs)}")
        self.packs.append(pack)
        self._first[id(pack)] = id(pack.members[0])

    def first(self, key: int) -> int:
        """Return the `id` of the first member, given that of a pack; all others are their own."""
        return self._first.get(key, key)
