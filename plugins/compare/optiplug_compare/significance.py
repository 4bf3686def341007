"""Whether optimizers differ by more than chance, over the same seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .records import Figure, Pair, Row, RunRecord

__all__ = ["corrected", "judged_pairs", "p_value"]

# A mean of differences is rounded; less of it than this is no variance.
_ROUNDING = 1e-9
# Sign flips that are counted in full, of 2 to this power.
_MOST_FLIPPED = 16

Values = NDArray[np.float64]


def judged_pairs(rows: Iterable[Row], figure: Figure) -> tuple[Pair, ...]:
    """Return each pair of rows, judged over the seeds that both have, with p-values corrected for all pairs.

    A run that diverged is worse than every other. One that failed tells nothing of its optimizer and is left
    out.
    """
    finals = {row.name: dict(_finals(row, figure)) for row in rows}
    pairs = list(itertools.combinations(finals, 2))
    differences = [_differences(finals[first], finals[second]) for first, second in pairs]
    p_values = corrected(list(map(p_value, differences)))
    sign = -1.0 if figure.higher_is_better else 1.0
    return tuple(
        Pair(first=first, second=second, difference=sign * _mean(each), p_value=p)
        for (first, second), each, p in zip(pairs, differences, p_values, strict=True)
    )


def p_value(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of paired differences, NaN for fewer than two.

    That of the paired t-test. Where this cannot be applied, as a difference is infinite or all of them are
    equal, that of the exact test of Wilcoxon: all signs of the ranks are flipped, so that n differences give
    no less than ``2 / 2**n``. Without any difference it is 1.

    Examples
    --------
    >>> from optiplug_compare.significance import p_value
    >>> p_value([0.0, 0.0, 0.0]), p_value([1.0, 1.0, 1.0]), round(p_value([1.0, 1.1, 0.9]), 4)
    (1.0, 0.25, 0.0033)
    """
    from scipy import stats  # which takes a second

    values = np.asarray(differences, np.float64)
    if len(values) < 2:
        return math.nan
    if not values.any():
        return 1.0
    if np.isfinite(values).all() and np.ptp(values) > _ROUNDING * np.abs(values).max():
        return float(stats.ttest_1samp(values, 0.0).pvalue)
    return _flipped(values)


def corrected(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's method; a NaN stays, and is not counted.

    References
    ----------
    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Statist. 6:65-70.

    Examples
    --------
    >>> from optiplug_compare.significance import corrected
    >>> corrected([0.04, 0.01, 0.6])
    [0.08, 0.03, 0.6]
    """
    held, least = list(p_values), 0.0
    order = sorted((place for place, p in enumerate(p_values) if not math.isnan(p)), key=p_values.__getitem__)
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p_values[place]))
        held[place] = least
    return held


def _flipped(values: Values) -> float:
    """Return how likely a sum of signed ranks as large is, if each sign is as likely as the other."""
    from scipy import stats

    values = values[values != 0]
    ranks = stats.rankdata(np.abs(values))
    if len(ranks) > _MOST_FLIPPED:
        # Finite ones of the same ranks, for which scipy has the approximation.
        return float(stats.wilcoxon(np.sign(values) * ranks).pvalue)
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(ranks))))
    found = abs(np.sign(values) @ ranks)
    return float(np.mean(np.abs(signs @ ranks) >= found))


def _finals(row: Row, figure: Figure) -> Iterable[tuple[int, float]]:
    """Yield, by seed, how bad the end of each judged run is."""
    for run in row.runs:
        if run.rate_factor == 1 and run.ended in ("done", "diverged"):
            yield run.seed, _loss(run, figure)


def _loss(run: RunRecord, figure: Figure) -> float:
    value = run.final.get(figure.name, math.nan)
    if run.ended == "diverged" or math.isnan(value):
        return math.inf
    return -value if figure.higher_is_better else value


def _differences(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """Return the differences of the seeds that both have; two that diverged do not differ."""
    shared = sorted(first.keys() & second.keys())
    return [0.0 if first[each] == second[each] else first[each] - second[each] for each in shared]


def _mean(differences: Sequence[float]) -> float:
    """Return the mean; NaN if there is none, as where one has diverged."""
    is_finite = bool(differences) and all(map(math.isfinite, differences))
    return math.fsum(differences) / len(differences) if is_finite else math.nan
