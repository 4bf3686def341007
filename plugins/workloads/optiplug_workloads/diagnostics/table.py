"""What is said of a diagnosis: a table for people, JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from optiplug import OptimizerConfig
from optiplug.errors import in_one_line

from .diagnosis import FACTORS, PREFIX, SEEDS, Finding

__all__ = ["plain", "show"]

Findings = Mapping[str, Sequence[Finding]]

_WIDE = 200  # where no terminal folds lines
_WORDS = {"passed": "✓ passed", "failed": "✗ failed", "not run": "– not run"}


def show(found: Findings, stream: TextIO) -> None:
    """Print a column for each optimizer, as many beside each other as there is room for."""
    console = Console(file=stream, markup=False, highlight=False, width=None if stream.isatty() else _WIDE)
    names = list(found)
    while names:
        count = next((count for count in range(len(names), 1, -1) if _fits(names[:count], found, console)), 1)
        console.print(_table(names[:count], found))
        names = names[count:]


def _fits(names: Sequence[str], found: Findings, console: Console) -> bool:
    # What is measured is never wider than the width that it is measured for.
    wider = console.options.update(width=2 * console.width)
    return console.measure(_table(names, found), options=wider).maximum <= console.width


def _table(names: Sequence[str], found: Findings) -> Table:
    table = Table()
    table.add_column("diagnostic", no_wrap=True)
    for name in names:
        table.add_column(in_one_line(name), no_wrap=True)
    for each in zip(*(found[name] for name in names), strict=True):
        told = (_WORDS[finding.verdict] for finding in each)
        table.add_row(each[0].diagnostic.removeprefix(PREFIX), *told)
    table.add_section()
    table.add_row("passed", *(_counted(found[name]) for name in names))
    return table


def _counted(findings: Sequence[Finding]) -> str:
    return f"{sum(each.passed for each in findings)} of {len(findings)}"


def plain(found: Findings, optimizers: Mapping[str, OptimizerConfig]) -> dict[str, Any]:
    """Return everything as JSON has it; a distance that is no number is None."""
    return {
        "format": 1,
        "seeds": list(SEEDS),
        "rate_factors": list(FACTORS),
        "optimizers": [
            {
                "name": name,
                "config": optimizers[name].dump(),
                "diagnostics": {each.diagnostic: dict(_fields(each)) for each in findings},
            }
            for name, findings in found.items()
        ],
    }


def _fields(finding: Finding) -> Iterator[tuple[str, Any]]:
    yield "verdict", finding.verdict
    yield "distance", finding.distance if math.isfinite(finding.distance) else None
    yield "target", finding.target
    yield "rate_factor", finding.rate_factor
    yield "problem", finding.problem
