"""What a step of a row costs beside one of the reference, and how much state it has; reported apart."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .lines import add_line, lines_of
from .protocol import Protocol
from .rows import Row

__all__ = ["Cost", "costs", "measure_costs"]

ROUNDS = 40


class Cost(BaseModel):
    """Milliseconds of a step of training, gradients with it, and of the reference's in turns with it.

    Both are those of the fastest round, as what else runs on the machine only adds to them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: int
    row: str
    workload: str
    ms: float
    reference_ms: float
    parameters: int
    state_bytes: int


def costs(folder: Path, version: int) -> dict[tuple[str, str], Cost]:
    """Return what was measured under a version of the protocol, by row and workload; the last counts."""
    found = map(Cost.model_validate, lines_of(folder / "costs.jsonl"))
    return {(cost.row, cost.workload): cost for cost in found if cost.protocol == version}


def measure_costs(protocol: Protocol, row: Row, reference: Row, name: str, folder: Path) -> None:
    """Measure a row on a workload, and add it to the file."""
    from .programs import Program, program

    workload = protocol.workloads[name]
    seed, steps = protocol.fixed.seeds[0], workload.steps
    programs: list[Program] = []
    for each in (row, reference):
        plain = each.plain(each.space.default, steps)
        made, columns = program(workload, each.optimizer, plain, protocol.longest(workload))
        next(made.run(seed, columns, steps))
        programs.append(made)
    times: list[list[float]] = [[], []]
    for number in range(-1, ROUNDS):  # the first round compiles
        for made, taken in zip(programs, times, strict=True):
            seconds = made.timed_steps(seed)
            if number >= 0:
                taken.append(1e3 * seconds / workload.evaluate_every)
    ms, reference_ms = map(min, times)
    variables = programs[0].task.variables
    cost = Cost(
        protocol=protocol.version,
        row=row.name,
        workload=name,
        ms=round(ms, 4),
        reference_ms=round(reference_ms, 4),
        parameters=sum(variable.shape.num_elements() for variable in variables),
        state_bytes=row.config().create().state_report(variables).total,
    )
    add_line(folder / "costs.jsonl", cost.model_dump_json())
