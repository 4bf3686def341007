"""What a step holds and moves on many devices, calculated from what it holds on one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from optiplug._distribution.traffic import (
    STRATEGIES,
    Transfer,
    exchanged,
    gathered,
    handed_out,
    served,
    summed,
)
from optiplug._text_table import table
from optiplug._variables.share import LARGEST_WHOLE
from optiplug.errors import ConfigError, nearest

if TYPE_CHECKING:  # it imports this module
    from .memory_report import StateReport, StateRow, VariableRow

__all__ = ["Cluster", "Holding", "ScaleReport", "scaled"]

_INDEX = 8  # bytes of the number of a row


@dataclass(frozen=True)
class Cluster:
    """Where a step runs: `servers` are parameter servers, `rows` how many of a table a replica looks up."""

    strategy: str
    replicas: int
    servers: int = 0
    sharded: bool = False
    rows: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        servers = f", {self.servers:,} servers" if self.servers else ""
        return f"{self.strategy}, {self.replicas:,} replicas{servers}{', sharded state' * self.sharded}"


@dataclass(frozen=True)
class Holding:
    """Bytes of one kind, on each replica and on the fullest parameter server."""

    what: str
    replica: int
    server: int = 0


@dataclass(frozen=True)
class ScaleReport:
    """What is held, and what a step moves, on a cluster; `str` shows both with what was assumed.

    `moved` has for each purpose the bytes that pass the link of one `replica` in one direction, those that
    pass the busiest `link`, the `total` of all links, and the `rounds` of messages that wait for one another.
    """

    cluster: Cluster
    held: tuple[Holding, ...]
    moved: tuple[Transfer, ...]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the figures rest on, in sentences."""
        return tuple(_assumptions(self.cluster))

    def seconds(self, *, bandwidth: float, latency: float = 0.0) -> float:
        """Return how long the transfers take at so many bytes a second and seconds for each message.

        The sum of ``rounds * latency + link / bandwidth``: nothing is overlapped, and no link is shared.
        """
        return sum(each.rounds * latency + each.link / bandwidth for each in self.moved)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "assumptions": list(self.assumptions)}

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(self.as_json())

    def __str__(self) -> str:
        columns = 2 if self.cluster.servers else 1
        held = [(each.what, *[each.replica, each.server][:columns]) for each in self.held]
        moved = [
            (each.what, *map(round, (each.replica, each.link, each.total)), each.rounds)
            for each in self.moved
        ]
        parts = [str(self.cluster), _totalled(["held, bytes", "replica", "server"][: columns + 1], held)]
        if moved:
            head = ["moved in a step, bytes", "replica", "busiest link", "all links", "rounds"]
            parts.append(_totalled(head, moved))
        return "\n\n".join([*parts, "\n".join(f"- {each}" for each in self.assumptions)])


def scaled(report: StateReport, cluster: Cluster) -> ScaleReport:
    """Return what the variables and the state of a report come to on a cluster.

    Raises
    ------
    ConfigError
        If there is no such cluster, or a path of `rows` is not that of a variable.
    """
    _require(report, cluster)
    alone = cluster.replicas == 1 and not cluster.servers
    moved = () if alone else tuple(_moved(report.variables, cluster))
    return ScaleReport(cluster, tuple(_held(report, cluster)), moved)


def _held(report: StateReport, cluster: Cluster) -> Iterator[Holding]:
    sizes = [each.bytes for each in report.variables]
    fullest = served(sizes, cluster.servers) if cluster.servers else 0
    yield Holding("variables", sum(sizes), fullest)
    yield Holding("gradients", sum(sizes))
    slots: dict[str, list[StateRow]] = {}
    for row in sorted(report.rows, key=lambda row: not row.slot):  # what belongs to no variable comes last
        slots.setdefault(row.slot or "other state", []).append(row)
    for slot, rows in slots.items():
        if cluster.servers:
            yield Holding(slot, 0, served([row.bytes for row in rows], cluster.servers))
        else:
            yield Holding(slot, sum(_share(row, cluster) for row in rows))


def _share(row: StateRow | VariableRow, cluster: Cluster) -> int:
    """Return the bytes that each replica has of state, or updates of a variable."""
    if not (cluster.sharded and row.shared):
        return row.bytes
    elements = prod(row.shape)
    return -(-elements // cluster.replicas) * (row.bytes // elements)


def _moved(variables: Sequence[VariableRow], cluster: Cluster) -> Iterator[Transfer]:
    tables = [each for each in variables if each.path in cluster.rows]
    dense = [each for each in variables if each.path not in cluster.rows]
    looked_up = sum(_looked_up(each, cluster) for each in tables)
    replicas, servers = cluster.replicas, cluster.servers
    if servers:
        fullest = served([_read(each, cluster) for each in variables], servers)
        read = sum(_read(each, cluster) for each in variables)
        yield exchanged("variables, read", read, fullest, replicas)
        yield exchanged("gradients, sent", read, fullest, replicas)
        return
    shares = [_share(each, cluster) for each in dense if _shares_sum(each, cluster)]
    whole = sum(each.bytes for each in dense if not _shares_sum(each, cluster))
    if whole or not shares:
        yield summed("gradients, summed", whole, replicas)
    if shares:
        yield handed_out("shares of gradients, exchanged", sum(shares), replicas)
    if looked_up:
        yield gathered("rows of gradients, gathered", looked_up, replicas, sizes_first=True)
    if cluster.sharded:
        share = sum(_share(each, cluster) for each in variables if each.shared)
        yield gathered("variables, gathered", share, replicas)


def _shares_sum(variable: VariableRow, cluster: Cluster) -> bool:
    """Whether a replica gets of the sum of a gradient its share alone."""
    # With more replicas it would have other bits: docs/design/distribution.md.
    two_workers = cluster.strategy == "multi_worker" and cluster.replicas == 2
    return two_workers and variable.shared and variable.shares_sum


def _read(variable: VariableRow, cluster: Cluster) -> int:
    return _looked_up(variable, cluster) if variable.path in cluster.rows else variable.bytes


def _looked_up(table: VariableRow, cluster: Cluster) -> int:
    """Return the bytes of the rows that a replica looks up, with their numbers."""
    return cluster.rows[table.path] * (table.bytes // max(table.shape[0], 1) + _INDEX)


def _assumptions(cluster: Cluster) -> Iterator[str]:
    yield STRATEGIES[cluster.strategy]
    yield "gradients are as large as the variables, and copied while they are summed"
    if cluster.servers:
        yield "servers get variables in turn, with their state; a replica reads all of them"
    elif cluster.replicas > 1:
        yield "sums and gathers go around a ring: each replica sends to the next one"
    if cluster.sharded:
        yield f"of more than {LARGEST_WHOLE:,} elements a replica keeps and updates a share"
        if cluster.strategy == "multi_worker" and cluster.replicas == 2:
            yield "two workers on CPUs send each other shares of those gradients that no hook sees whole"
    if cluster.rows:
        yield f"a row that is looked up twice counts twice, with its number, {_INDEX} bytes"
    yield "headers of messages, losses, metrics and data are not counted"


def _require(report: StateReport, cluster: Cluster) -> None:
    def refuse(rule: str, received: object, hint: str = "") -> None:
        raise ConfigError(rule, where="scaled", received=received, hint=hint)

    strategy, paths = cluster.strategy, {each.path: each for each in report.variables}
    if strategy not in STRATEGIES:
        known = f"there are {', '.join(STRATEGIES)}"
        refuse("`strategy` must be one that is known", strategy, nearest(strategy, STRATEGIES) or known)
    if cluster.replicas < 1 or (strategy == "one_device" and cluster.replicas > 1):
        refuse("`replicas` must be at least 1, and 1 on one device", cluster.replicas)
    if (strategy == "parameter_server") != (cluster.servers > 0):
        refuse("`servers` must be at least 1 with parameter_server, and 0 without", cluster.servers)
    if cluster.sharded and strategy in ("mesh", "parameter_server"):
        refuse("`sharded_state` is for mirrored and multi_worker", strategy)
    if cluster.rows and strategy == "mesh":
        refuse("`rows` are of sparse gradients, which a mesh has not", dict(cluster.rows))
    for path, count in cluster.rows.items():
        if path not in paths or not paths[path].shape or count < 0:
            refuse("`rows` must have paths of tables, with counts", {path: count}, nearest(path, paths))


def _totalled(head: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    totals = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    cells = [(what, *(f"{value:,}" for value in values)) for what, *values in [*rows, ("total", *totals)]]
    return table(head, cells)
