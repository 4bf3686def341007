"""The closing table of a comparison on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table

from optiplug.errors import in_one_line

from .records import Comparison, Figure, Pair, RunRecord
from .standings import Standing, final_figure, standings, verdict

__all__ = ["show"]

# Where lines are not folded by a terminal.
_WIDE = 200


def show(comparison: Comparison, page: Path, stream: TextIO) -> None:
    """Print how the rows stand, the best first, and the runs that were not done."""
    console = Console(file=stream, markup=False, highlight=False, width=None if stream.isatty() else _WIDE)
    found, figure = standings(comparison), comparison.figure
    table = Table(title=in_one_line(comparison.title), title_justify="left")
    for number, head in enumerate(_heads(figure)):
        table.add_column(head, justify="right" if 0 < number < 6 else "left", overflow="fold")
    for standing in found:
        table.add_row(*_cells(standing, found[0], comparison))
    console.print(table)
    for line in _notes(comparison):
        console.print(line, soft_wrap=True)
    console.print(in_one_line(str(page)), soft_wrap=True)


def _heads(figure: Figure) -> list[str]:
    name = in_one_line(figure.name).replace("_", " ")
    target = "steps to target" if figure.target is None else f"steps to {figure.target:g}"
    return ["optimizer", name, target, "ms/step", "bytes/param", "best rate", "against the best"]


def _cells(standing: Standing, best: Standing, comparison: Comparison) -> list[str]:
    deviation = "" if math.isnan(standing.deviation) else f" ± {standing.deviation:.2g}"
    return [
        in_one_line(standing.row.name),
        "–" if math.isnan(standing.mean) else f"{standing.mean:.4g}{deviation}",
        _steps(standing.steps_to_target),
        "–" if standing.ms_per_step is None else f"{standing.ms_per_step:.3g}",
        "–" if standing.bytes_per_parameter is None else f"{standing.bytes_per_parameter:.3g}",
        _best_factor(standing, comparison.figure),
        "the best" if standing is best else _against(standing, best, comparison),
    ]


def _steps(steps: float | None) -> str:
    if steps is None:
        return "–"
    return "never" if math.isinf(steps) else f"{steps:g}"


def _best_factor(standing: Standing, figure: Figure) -> str:
    """Return the factor of the learning rate that did best with the first seed, if several were tried."""
    runs = [each for each in standing.row.runs if each.ended in ("done", "diverged")]
    runs = [each for each in runs if each.seed == runs[0].seed]
    if len({each.rate_factor for each in runs}) < 2:
        return "–"
    # Of equals the one that changes least.
    best = min(runs, key=lambda run: (_loss(run, figure), abs(math.log(run.rate_factor or math.inf))))
    return f"x {best.rate_factor:g}"


def _loss(run: RunRecord, figure: Figure) -> float:
    value = final_figure(run, figure)
    if run.ended == "diverged" or math.isnan(value):
        return math.inf
    return -value if figure.higher_is_better else value


def _against(standing: Standing, best: Standing, comparison: Comparison) -> str:
    """Return whether a row differs from the best by more than chance."""
    runs = sum(standing.ended.values())
    lost = [f"{count} of {runs} {how}" for how, count in standing.ended.items() if how != "done"]
    names = {standing.row.name, best.row.name}
    pair = next((each for each in comparison.pairs if {each.first, each.second} == names), None)
    told = "cannot be told" if pair is None else _verdict(pair, standing.row.name, comparison.figure)
    return "; ".join([*lost, told])


def _verdict(pair: Pair, name: str, figure: Figure) -> str:
    if pair.second == name:
        pair = Pair(first=name, second=pair.first, difference=-pair.difference, p_value=pair.p_value)
    told = verdict(pair, figure)
    return told if math.isnan(pair.p_value) else f"{told} (p = {pair.p_value:.2g})"


def _notes(comparison: Comparison) -> Iterator[str]:
    seeds = {run.seed for row in comparison.rows for run in row.runs if run.rate_factor == 1}
    if len(seeds) < 2:
        yield "One seed tells nothing of chance: there are no p-values."
    elif len(comparison.rows) > 1:
        yield f"p: paired over {len(seeds)} seeds, corrected for {len(comparison.pairs)} pairs (Holm)."
    for row in comparison.rows:
        for run in row.runs:
            if run.ended != "done":
                yield in_one_line(f"{run.ended}: {run.folder}: {run.problem}")
