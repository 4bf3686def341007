"""Reading state that is spread over replicas: all of one optimizer at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar
from weakref import ReferenceType, ref

from optiplug._types import Tensor

__all__ = ["Gathering"]

Spread = TypeVar("Spread")


class Gathering(Generic[Spread]):
    """Reads all state of one kind at once, when a save asks for the first of it; `read` returns the values.

    One by one they would be as many collectives, and processes that save other objects beside the optimizer
    would meet at the wrong ones.
    """

    def __init__(self, read: Callable[[Sequence[Spread]], list[Tensor]]) -> None:
        self._read = read
        self._members: list[Spread] = []
        # Weak: whoever is to write the values keeps them, and nobody else.
        self._last: ReferenceType[_Values[Spread]] | None = None

    def __iter__(self) -> Iterator[Spread]:
        return iter(self._members)

    def add(self, value: Spread) -> Spread:
        """Read another state together with those before."""
        self._members.append(value)
        return value

    def later(self, value: Spread) -> Callable[[], Tensor]:
        """Return what reads a state, with all others that are asked for before the first is read."""
        values = None if self._last is None else self._last()
        if values is None or values.read:
            values = _Values(self._members, self._read)
            self._last = ref(values)
        return lambda: values.of(value)


class _Values(Generic[Spread]):
    """The values of states at the moment at which the first of them is asked for."""

    def __init__(self, states: Sequence[Spread], read: Callable[[Sequence[Spread]], list[Tensor]]) -> None:
        self._states, self._read, self.read = states, read, False
        self._by_id: dict[int, Tensor] = {}

    def of(self, state: Spread) -> Tensor:
        if not self.read:
            self.read = True
            self._by_id = dict(zip(map(id, self._states), self._read(self._states), strict=True))
        return self._by_id[id(state)]
