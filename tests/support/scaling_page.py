"""Measure what steps move between processes, and write it into docs/scaling.md beside what is calculated.

``make traffic`` runs this.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from support import traffic
from support.project_paths import ROOT
from support.scaled_steps import CONFIGS, MODELS, expected

__all__ = ["BEGIN", "END", "PAGE", "lines", "write"]

PAGE = ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- measured: `make traffic` writes it -->", "<!-- end of measured -->"
HEAD = ("strategy", "workers", "model", "calculated", "measured", "ratio")
DEADLINE = 240


class Run(NamedTuple):
    """A cluster in which steps are counted, and what the calculator calls it."""

    target: str
    tasks: Mapping[str, int]
    strategy: str
    numbers: Mapping[str, int]


def multi_worker(workers: int) -> Run:
    """Return a cluster of workers that sum their gradients."""
    target = "support.scaled_steps:multi_worker"
    return Run(target, {"worker": workers}, "multi_worker", {"replicas": workers})


RUNS = [multi_worker(workers) for workers in (1, 2, 4)]


def lines() -> Iterator[str]:
    """Yield the lines of the table."""
    for row in (HEAD, ("---", "---:", "---", "---:", "---:", "---:")):
        yield f"| {' | '.join(row)} |"
    cases = [(config, model) for config in CONFIGS for model in MODELS]
    for run in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            found = traffic.run(run.target, run.tasks, Path(folder), DEADLINE, cases=cases)
        for case, sent in zip(cases, found[0], strict=True):
            yield row_of(run, case, sent)


def row_of(run: Run, case: tuple[str, str], sent: float) -> str:
    """Return the line of one config and model, of which so many bytes were counted."""
    calculated, _ = expected(case, run.strategy, **run.numbers)
    ratio = f"{sent / calculated:.3f}" if calculated else "-"
    cells = (run.strategy, run.numbers["replicas"], case[1], f"{calculated:,.0f}", f"{sent:,.0f}", ratio)
    return f"| {' | '.join(map(str, cells))} |"


def write(page: Path = PAGE) -> None:
    """Measure everything, and put it between the marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text("\n".join([f"{before}{BEGIN}", "", *lines(), "", f"{END}{after}"]))


if __name__ == "__main__":
    write()
