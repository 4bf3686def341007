"""The tables of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .phrasing import NOTHING, number, p_value
from .pictures import name_of_figure
from .records import Comparison, Pair
from .standings import Standing, verdict

__all__ = ["Table", "final", "significance", "troubles"]

_MOST_PAIRED = 12
_WORDS = {"running": "not ended"}


@dataclass(frozen=True)
class Table:
    """A table of texts; the first cell of each row names it. `note` says how to read it.

    >>> Table(head=("trial", "loss"), rows=(("3", "0.12"),)).note
    ''
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def final(comparison: Comparison, ranked: Sequence[Standing]) -> Table:
    """Return the table of all rows, the best first."""
    head = (
        "optimizer",
        "mean",
        "standard deviation",
        "n",
        "steps to target",
        "ms per step",
        "bytes of state per parameter",
        "ended",
    )
    note = (
        f"Mean and standard deviation of the final {name_of_figure(comparison)} over the n runs that are "
        "done. Steps to target: the median over the seeds of the first evaluation that reached it; "
        "in brackets how many did, where some did not."
    )
    return Table(head, [_final_row(each) for each in ranked], note)


def _final_row(standing: Standing) -> tuple[str, ...]:
    return (
        standing.row.name,
        number(standing.mean) if standing.n else NOTHING,
        NOTHING if math.isnan(standing.deviation) else number(standing.deviation, 2),
        str(standing.n),
        _to_target(standing),
        number(standing.ms_per_step, 3),
        number(standing.bytes_per_parameter, 3),
        _ended(standing),
    )


def _to_target(standing: Standing) -> str:
    if standing.steps_to_target is None:
        return NOTHING
    judged = sum(standing.ended.values())
    median = "not reached" if math.isinf(standing.steps_to_target) else number(standing.steps_to_target, 6)
    return median if standing.reached in (0, judged) else f"{median} ({standing.reached} of {judged})"


def _ended(standing: Standing) -> str:
    order = ("done", "diverged", "failed", "running")
    said = [f"{count} {_WORDS.get(each, each)}" for each in order if (count := standing.ended.get(each, 0))]
    return ", ".join(said) or "not run"


def significance(comparison: Comparison, ranked: Sequence[Standing]) -> Table | None:
    """Return how each of the best rows stands to each other of them, in words; None if none was tested."""
    names = [each.row.name for each in ranked[:_MOST_PAIRED]]
    pairs = {(pair.first, pair.second): pair for pair in comparison.pairs}
    if len(names) < 2 or not any(first in names and second in names for first, second in pairs):
        return None
    rows = [(name, *(_stands(name, other, pairs, comparison) for other in names)) for name in names]
    note = "How the row is, compared with the column; p is corrected for the number of pairs."
    if len(ranked) > _MOST_PAIRED:
        note += f" The best {_MOST_PAIRED} of {len(ranked)}; results.json has every pair."
    return Table(("", *(f"than {name}" for name in names)), rows, note)


def _stands(name: str, other: str, pairs: dict[tuple[str, str], Pair], comparison: Comparison) -> str:
    if name == other:
        return NOTHING
    pair = pairs.get((name, other))
    if pair is None:
        turned = pairs.get((other, name))
        if turned is None:
            return "not tested"
        pair = Pair(first=name, second=other, difference=-turned.difference, p_value=turned.p_value)
    said = verdict(pair, comparison.figure)
    return said if math.isnan(pair.p_value) else f"{said}\n{p_value(pair.p_value)}"


def troubles(ranked: Sequence[Standing]) -> Table | None:
    """Return the runs that are not done, with the reason; None if all are."""
    rows = [
        (
            each.row.name,
            str(run.seed),
            number(run.rate_factor),
            _WORDS.get(run.ended, run.ended),
            run.problem or "no reason is recorded",
            run.folder,
        )
        for each in ranked
        for run in each.row.runs
        if run.ended != "done"
    ]
    head = ("optimizer", "seed", "rate, times its own", "ended", "reason", "folder")
    return Table(head, rows) if rows else None
