"""How the rows of a comparison stand: what its table says, and who is first."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .records import Comparison, Figure, Pair, Points, Row, RunRecord

__all__ = ["SIGNIFICANT", "Standing", "figure_points", "final_figure", "standings", "verdict"]

SIGNIFICANT = 0.05
"""Two rows differ significantly if the corrected probability of that by chance is below this."""


@dataclass(frozen=True)
class Standing:
    """What a row comes to, over its judged runs: those with a rate factor of 1.

    `mean` and `deviation` are of the final figures of the `n` runs that are done, NaN of too few.
    `steps_to_target` is the median over the judged runs, infinite if most have missed the target, None if
    there is none; `reached` counts those that have not. `ended` counts how runs ended.
    """

    row: Row
    n: int
    mean: float
    deviation: float
    steps_to_target: float | None
    reached: int
    ms_per_step: float | None
    bytes_per_parameter: float | None
    ended: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether there are judged runs and all of them are done."""
        return 0 < self.n == sum(self.ended.values())


def standings(comparison: Comparison) -> list[Standing]:
    """Return the standings of all rows, the best first.

    Rows of which no judged run has diverged come first, then those of which some have, then those of which
    none is done: a mean over the seeds that went well would flatter an optimizer that diverges with others.

    >>> from optiplug_compare.records import Comparison, Figure, Row, RunRecord
    >>> rows = [
    ...     Row(name=name, config={}, command="", parameters=1, state_bytes=0, runs=(run,))
    ...     for name, run in {
    ...         "bad": RunRecord(seed=0, folder="a", final={"loss": 2.0}),
    ...         "good": RunRecord(seed=0, folder="b", final={"loss": 1.0}),
    ...         "wild": RunRecord(seed=0, folder="c", ended="diverged"),
    ...     }.items()
    ... ]
    >>> comparison = Comparison(
    ...     title="", task={}, figure=Figure(name="loss"), steps=1, batch_size=1, rows=rows
    ... )
    >>> [each.row.name for each in standings(comparison)]
    ['good', 'bad', 'wild']
    """
    return sorted(
        (_standing(row, comparison.figure) for row in comparison.rows), key=_order(comparison.figure)
    )


def verdict(pair: Pair, figure: Figure) -> str:
    """Say how the first row of a pair stands to the second.

    >>> verdict(Pair(first="a", second="b", difference=0.1, p_value=0.001), Figure(name="loss"))
    'worse'
    """
    if math.isnan(pair.p_value):
        return "cannot be told"
    if pair.p_value >= SIGNIFICANT:
        return "not significant"
    if math.isnan(pair.difference) or not pair.difference:
        return "different"
    return "better" if (pair.difference > 0) is figure.higher_is_better else "worse"


def figure_points(run: RunRecord, figure: Figure) -> Points:
    """Return the values by which a run is judged: on held-out data, else of the training loss."""
    return run.figures.get(figure.name, () if run.figures else run.losses)


def final_figure(run: RunRecord, figure: Figure) -> float:
    """Return the value by which a run is judged at its end; NaN if there is none."""
    points = figure_points(run, figure)
    return run.final.get(figure.name, points[-1][1] if points else math.nan)


def _standing(row: Row, figure: Figure) -> Standing:
    judged = [run for run in row.runs if run.rate_factor == 1]
    finals = [final_figure(run, figure) for run in judged if run.ended == "done"]
    times = [run.ms_per_step for run in judged if run.ms_per_step is not None]
    to_target = [_steps_to_target(run, figure) for run in judged]
    finite = all(map(math.isfinite, finals))
    return Standing(
        row=row,
        n=len(finals),
        mean=sum(finals) / len(finals) if finals else math.nan,
        deviation=statistics.stdev(finals) if finite and len(finals) > 1 else math.nan,
        steps_to_target=None if figure.target is None or not judged else statistics.median(to_target),
        reached=sum(map(math.isfinite, to_target)),
        ms_per_step=statistics.median(times) if times else None,
        bytes_per_parameter=row.state_bytes / row.parameters if row.parameters else None,
        ended=Counter(run.ended for run in judged),
    )


def _steps_to_target(run: RunRecord, figure: Figure) -> float:
    if figure.target is None:
        return math.inf
    for step, value in figure_points(run, figure):
        if value >= figure.target if figure.higher_is_better else value <= figure.target:
            return step
    return math.inf


def _order(figure: Figure) -> Callable[[Standing], tuple[int, float, str]]:
    def key(standing: Standing) -> tuple[int, float, str]:
        share = 2 if not standing.n else 1 if standing.ended.get("diverged") else 0
        loss = -standing.mean if figure.higher_is_better else standing.mean
        return share, math.inf if math.isnan(loss) else loss, standing.row.name

    return key
