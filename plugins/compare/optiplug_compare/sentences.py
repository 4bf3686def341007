"""What a comparison asked and answers, in one sentence each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .phrasing import counted, listed, number
from .pictures import name_of_figure
from .records import Comparison, Pair
from .standings import SIGNIFICANT, Standing

__all__ = ["answer", "question"]

_NAMED = 8


def question(comparison: Comparison) -> str:
    """Say what was compared, on what, and by what it is judged."""
    figure, rows = comparison.figure, comparison.rows
    seeds = {run.seed for row in rows for run in row.runs if run.rate_factor == 1}
    task = str(comparison.task.get("use", "an unnamed task"))
    direction = "higher" if figure.higher_is_better else "lower"
    target = "" if figure.target is None else f", with {number(figure.target)} as the target"
    return (
        f"{counted(len(rows), 'optimizer')} on the task {task}: {counted(comparison.steps, 'step')} of "
        f"{counted(comparison.batch_size, 'example')} with {counted(len(seeds), 'seed')} each, judged by "
        f"{name_of_figure(comparison)}, {direction} is better{target}."
    )


def answer(comparison: Comparison, ranked: Sequence[Standing]) -> str:
    """Say which row is best, and of which that is not certain."""
    if not ranked or not ranked[0].n or math.isnan(ranked[0].mean):
        return "No run has come to an end with a number, so nothing can be said of which is best."
    best = ranked[0]
    mean = f"{number(best.mean)} over {counted(best.n, 'seed')}"
    if len(ranked) == 1:
        return f"{best.row.name} ends with a mean {name_of_figure(comparison)} of {mean}."
    others = len(comparison.rows) - 1
    said = f"{best.row.name} is best: a mean {name_of_figure(comparison)} of {mean}"
    if not best.is_complete:
        lost = sum(best.ended.values()) - best.n
        said += f", though {counted(lost, 'run')} of it did not end well"
    tested = _tested(comparison.pairs, ranked)
    if not tested:
        return f"{said}; whether the others differ by more than chance was not tested."
    alike = [name for name, p_value in tested.items() if not p_value < SIGNIFICANT]
    untested = others - len(tested)
    rest = f"; {untested} of the others could not be tested" if untested else ""
    if not alike:
        whom = "every other row" if not untested else listed(list(tested))
        return f"{said}, significantly better than {whom}{rest}."
    more = [f"{len(alike) - _NAMED} more"] if len(alike) > _NAMED else []
    return f"{said}. Not significantly different from it: {listed([*alike[:_NAMED], *more])}{rest}."


def _tested(pairs: Sequence[Pair], ranked: Sequence[Standing]) -> dict[str, float]:
    """Return the rows that the best was tested against, the best of them first, with the probabilities."""
    best, *others = [standing.row.name for standing in ranked]
    found = {
        pair.second if pair.first == best else pair.first: pair.p_value
        for pair in pairs
        if best in (pair.first, pair.second)
    }
    return {name: found[name] for name in others if name in found}
