"""The report of how many bytes the state of an optimizer takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from math import prod

from optiplug._text_table import table
from optiplug._types import Shape, Variable
from optiplug._variables.packing import PackSegment

from .dry_run import Planned
from .scale_report import Cluster, ScaleReport, scaled
from .shared_value import SharedValue
from .slot import State
from .table import SlotTable

__all__ = ["StateReport", "StateRow", "VariableRow", "report"]


@dataclass(frozen=True)
class StateRow:
    """One state variable; `slot` and `variable` are empty if it is shared by all model variables.

    `device_bytes` is what each device holds of it: less than `bytes` where `sharded_state` divides it, as it
    does among several replicas what is `shared`.
    """

    name: str
    slot: str
    variable: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    device_bytes: int
    shared: bool = False


@dataclass(frozen=True)
class VariableRow:
    """One variable of the model; `shared` if each of several replicas would update its share of it.

    `shares_sum` if no gate and no clip looks at the sum of its gradient, so that its share is all it needs.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    shared: bool = False
    shares_sum: bool = False


@dataclass(frozen=True)
class StateReport:
    """The state variables of an optimizer with their sizes; `str` shows bytes by variable and slot.

    With a strategy that mirrors variables each device has as much, but what `sharded_state` divides: then a
    last column shows the bytes that each device has. `scaled` tells of other strategies and numbers of
    replicas. `variables` are those of the model.
    """

    rows: tuple[StateRow, ...]
    variables: tuple[VariableRow, ...] = ()

    @property
    def total(self) -> int:
        """The number of bytes of all state."""
        return sum(row.bytes for row in self.rows)

    @property
    def device_total(self) -> int:
        """The number of bytes of all state that each device holds."""
        return sum(row.device_bytes for row in self.rows)

    def to_json(self) -> str:
        """Return totals and rows as JSON."""
        rows = [asdict(row) for row in self.rows]
        return json.dumps({"total": self.total, "device_total": self.device_total, "rows": rows})

    def scaled(
        self,
        strategy: str,
        *,
        replicas: int,
        servers: int = 0,
        rows: Mapping[str, int] | None = None,
    ) -> ScaleReport:
        """Return the bytes that each device would hold, and that a step would move, on so many replicas.

        Nothing is measured: docs/scaling.md has the formulas, and how near they come.

        Parameters
        ----------
        strategy
            "one_device", "mirrored", "multi_worker", "mesh" or "parameter_server".
        replicas
            How many replicas share a batch: the devices, or the workers of one device each.
        servers
            How many parameter servers there are.
        rows
            How many rows a replica looks up in a batch, by the paths of tables with sparse gradients.

        Raises
        ------
        ConfigError
            If there is no such strategy, if it cannot be so large or has no `sharded_state`, or if a path is
            not that of a table.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> kernel = tf.Variable(tf.zeros([256, 100]), name="kernel")
        >>> report = optiplug.create("sgd", momentum=0.9).state_report([kernel])
        >>> print(report.scaled("multi_worker", replicas=64))
        multi_worker, 64 replicas
        <BLANKLINE>
        held, bytes  replica
        variables    102,400
        gradients    102,400
        momentum     102,400
        other state       12
        total        307,212
        <BLANKLINE>
        moved in a step, bytes  replica  busiest link   all links  rounds
        gradients, summed       201,600       201,600  12,902,400     126
        total                   201,600       201,600  12,902,400     126
        <BLANKLINE>
        - MultiWorkerMirroredStrategy: a worker has one device and a link of its own
        - gradients are as large as the variables, and copied while they are summed
        - sums and gathers go around a ring: each replica sends to the next one
        - headers of messages, losses, metrics and data are not counted
        """
        sharded = any(each.shared for each in self.variables)
        return scaled(self, Cluster(strategy, replicas, servers, sharded, dict(rows or {})))

    def __str__(self) -> str:
        own = [row for row in self.rows if row.slot]
        held = {(row.variable, row.slot): row.bytes for row in own}
        slots, variables = _sums(own, "slot"), _sums(own, "variable")
        on_device = _sums(own, "variable", "device_bytes")
        lines: list[tuple[str, list[int | None]]] = [
            (variable, [*(held.get((variable, slot)) for slot in slots), total, on_device[variable]])
            for variable, total in variables.items()
        ]
        blank = [None] * len(slots)
        lines += [(row.name, [*blank, row.bytes, row.device_bytes]) for row in self.rows if not row.slot]
        lines += [("total", [*slots.values(), self.total, self.device_total])]
        head = ["bytes", *slots, "total", "per device"]
        columns = len(head) - (self.device_total == self.total)
        return table(head[:columns], [[name, *map(_bytes, sizes)][:columns] for name, sizes in lines])


def report(
    table: SlotTable,
    variables: Mapping[str, Variable],
    shared: Container[str],
    divided: Container[str],
    apart: Container[str],
) -> StateReport:
    """Return the report of these model variables by their paths: their own state, and that of all together.

    Replicas have shares of the variables with the paths `shared`, and of the state with the names `divided`.
    Of the variables `apart` no hook looks at the sum of the gradient.
    """
    homes = {name: table.homes.get(name, ("", "")) for name in table.states}
    return StateReport(
        tuple(
            _row(name, state, *homes[name], name in divided)
            for name, state in table.states.items()
            if not homes[name][0] or homes[name][1] in variables
        ),
        tuple(
            VariableRow(path, *_size(each), path in shared, path in apart) for path, each in variables.items()
        ),
    )


def _row(name: str, state: State, slot: str, path: str, shared: bool) -> StateRow:
    variable = state.variable
    held: int = prod(_held(variable)) * variable.dtype.size
    return StateRow(name, slot, path, *_size(variable), held, shared)


def _size(variable: Variable) -> tuple[tuple[int, ...], str, int]:
    """Return shape, dtype and bytes."""
    shape, dtype = tuple(variable.shape), variable.dtype
    return shape, dtype.name, prod(shape) * dtype.size


def _held(variable: Variable | PackSegment | Planned) -> Shape:
    """Return the shape of what each device has of a state variable."""
    if isinstance(variable, SharedValue):
        return variable.share.shape
    return variable.held if isinstance(variable, Planned) else variable.shape


def _bytes(size: int | None) -> str:
    return "" if size is None else f"{size:,}"


def _sums(rows: Iterable[StateRow], field: str, counted: str = "bytes") -> Mapping[str, int]:
    """Return the bytes of all rows that have each value of a field."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[getattr(row, field)] += getattr(row, counted)
    return sums
