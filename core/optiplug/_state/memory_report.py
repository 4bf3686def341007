"""The report of how many bytes the state of an optimizer takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import prod

from optiplug._text_table import table

from .slot import State
from .table import SlotTable

__all__ = ["StateReport", "StateRow", "report"]


@dataclass(frozen=True)
class StateRow:
    """One state variable; `slot` and `variable` are empty if it is shared by all model variables."""

    name: str
    slot: str
    variable: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(frozen=True)
class StateReport:
    """The state variables of an optimizer with their sizes; `str` shows bytes by variable and slot.

    With a strategy that mirrors variables each device has as much.
    """

    rows: tuple[StateRow, ...]

    @property
    def total(self) -> int:
        """The number of bytes of all state."""
        return sum(row.bytes for row in self.rows)

    def to_json(self) -> str:
        """Return total and rows as JSON."""
        return json.dumps({"total": self.total, "rows": [asdict(row) for row in self.rows]})

    def __str__(self) -> str:
        own = [row for row in self.rows if row.slot]
        held = {(row.variable, row.slot): row.bytes for row in own}
        slots, variables = _sums(own, "slot"), _sums(own, "variable")
        lines = [
            (variable, *(_bytes(held.get((variable, slot))) for slot in slots), _bytes(total))
            for variable, total in variables.items()
        ]
        blank = [""] * len(slots)
        lines += [(row.name, *blank, _bytes(row.bytes)) for row in self.rows if not row.slot]
        lines += [("total", *map(_bytes, slots.values()), _bytes(self.total))]
        return table(["bytes", *slots, "total"], lines)


def report(table: SlotTable, paths: Iterable[str]) -> StateReport:
    """Return the report of the state of the model variables with these paths, and of all that is shared."""
    wanted = set(paths)
    rows = (_row(name, state, *table.homes.get(name, ("", ""))) for name, state in table.states.items())
    return StateReport(tuple(row for row in rows if not row.slot or row.variable in wanted))


def _row(name: str, state: State, slot: str, path: str) -> StateRow:
    shape, dtype = tuple(state.variable.shape), state.variable.dtype
    return StateRow(name, slot, path, shape, dtype.name, prod(shape) * dtype.size)


def _bytes(size: int | None) -> str:
    return "" if size is None else f"{size:,}"


def _sums(rows: Iterable[StateRow], field: str) -> Mapping[str, int]:
    """Return the bytes of all rows that have each value of a field."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[getattr(row, field)] += row.bytes
    return sums
