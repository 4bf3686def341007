"""Diagnose all installed optimizers, and write the table of docs/diagnostics.md.

``make diagnostics`` runs this.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from optiplug import ConfigError, OptimizerConfig, registry
from optiplug_workloads.diagnostics.diagnosis import PREFIX, Finding, diagnostics
from optiplug_workloads.diagnostics.processes import findings
from support.project_paths import ROOT

__all__ = ["BEGIN", "END", "PAGE", "lines", "optimizers", "write"]

PAGE = ROOT / "docs" / "diagnostics.md"
BEGIN, END = "<!-- measured: `make diagnostics` writes it -->", "<!-- end of measured -->"
MARKS = {"passed": "✓", "failed": "✗", "not run": "not run"}


def optimizers() -> dict[str, OptimizerConfig]:
    """Return what has a row: each optimizer for which a name is enough, and what `sgd` often comes with."""
    found = {}
    for entry in registry.entries("optimizers"):
        config: type[OptimizerConfig] = registry.load(entry)
        try:
            found[f"`{entry.name}`"] = config()
        except ConfigError:  # of what has to be told more, such as a partition
            continue
        if entry.name == "sgd":
            found["`sgd`, `momentum: 0.9`"] = config(momentum=0.9)
            found["`sgd`, `global_clipnorm: 1`"] = config(global_clipnorm=1.0)
    return found


def lines(found: Mapping[str, Sequence[Finding]]) -> Iterator[str]:
    """Yield the lines of the table, those that pass most first."""
    names = [name.removeprefix(PREFIX) for name in diagnostics()]
    yield f"| optimizer | {' | '.join(names)} | passed |"
    yield f"| --- | {' | '.join([':---:'] * len(names))} | ---: |"
    for name, each in sorted(found.items(), key=lambda item: (-_passed(item[1]), item[0])):
        marks = " | ".join(MARKS[finding.verdict] for finding in each)
        yield f"| {name} | {marks} | {_passed(each)} |"


def _passed(each: Sequence[Finding]) -> int:
    return sum(finding.passed for finding in each)


def write(found: Mapping[str, Sequence[Finding]], page: Path = PAGE) -> None:
    """Put the table between the marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text("\n".join([f"{before}{BEGIN}", "", *lines(found), "", f"{END}{after}"]))


def main() -> None:
    """Diagnose all of them, in as many processes as there are cores."""
    found: dict[str, list[Finding]] = {name: [] for name in optimizers()}
    for name, finding in findings(optimizers(), diagnostics(), os.cpu_count() or 1):
        found[name].append(finding)
    write(found)


if __name__ == "__main__":
    main()
