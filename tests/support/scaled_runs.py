"""Clusters whose steps are counted, and what the calculator says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optiplug
from support import traffic
from support.scaled_steps import CONFIGS, MODELS, Case, variables_of

__all__ = ["RUNS", "Count", "Run"]

DEADLINE = 280
# Headers: of gRPC for each message, in bytes, and of TCP for each segment of 64 kB and its acknowledgement.
MESSAGE, SEGMENTS = 1_500, 0.02


@dataclass(frozen=True)
class Count:
    """The bytes of a step of one config and model: calculated, in so many messages, and measured."""

    case: Case
    calculated: float
    messages: int
    measured: float

    @property
    def agrees(self) -> bool:
        """Whether no less was sent than calculated, and not more than that and headers."""
        headers = SEGMENTS * self.calculated + MESSAGE * self.messages
        return self.calculated <= self.measured <= self.calculated + headers


@dataclass(frozen=True)
class Run:
    """A cluster in which steps of some configs and models are counted, and what the calculator calls it."""

    target: str
    tasks: Mapping[str, int]
    strategy: str
    numbers: Mapping[str, int]
    cases: Sequence[Case]

    def counts(self, folder: Path) -> Iterator[Count]:
        """Let all processes take steps, and yield what they sent beside what is calculated."""
        results = traffic.run(self.target, self.tasks, folder, DEADLINE, cases=self.cases)
        for case, measured in zip(self.cases, results[0], strict=True):
            yield Count(case, *self.calculated(case), measured)

    def calculated(self, case: Case) -> tuple[float, int]:
        """Return what the calculator says that all send in a step, and in how many messages."""
        config, model = case
        shapes, rows = MODELS[model]
        report = optiplug.from_config(dict(CONFIGS[config])).state_report(variables_of(shapes))
        moved = report.scaled(self.strategy, rows=rows, **self.numbers).moved
        # Each variable on a server is read by itself; what is summed goes in one piece.
        pieces = len(shapes) if "servers" in self.numbers else 1
        messages = sum(each.rounds for each in moved) * self.numbers["replicas"] * pieces
        return sum(each.total for each in moved), messages


def multi_worker(workers: int) -> Run:
    """Return a run of workers that sum their gradients."""
    target, cases = "support.scaled_steps:multi_worker", [("adam", model) for model in MODELS]
    if workers > 1:
        cases += [(name, next(iter(MODELS))) for name in CONFIGS if "sharded" in name]
    return Run(target, {"worker": workers}, "multi_worker", {"replicas": workers}, cases)


def parameter_server(workers: int, servers: int) -> Run:
    """Return a run of workers with parameter servers, whose chief only says what to do."""
    tasks = {"chief": 1, "worker": workers, "ps": servers}
    cases = [("adam", model) for model in MODELS]
    numbers = {"replicas": workers, "servers": servers}
    return Run("support.scaled_steps:parameter_server", tasks, "parameter_server", numbers, cases)


def mesh(workers: int) -> Run:
    """Return a run on a mesh, where all gradients are dense."""
    cases = [("adam", model) for model, (_, rows) in MODELS.items() if not rows]
    return Run("support.mesh_steps:mesh", {"worker": workers}, "mesh", {"replicas": workers}, cases)


RUNS: Mapping[str, Run] = {
    **{f"multi_worker {workers}": multi_worker(workers) for workers in (1, 2, 4)},
    **{f"mesh {workers}": mesh(workers) for workers in (2, 4)},
    "parameter_server 2": parameter_server(workers=2, servers=2),
}
