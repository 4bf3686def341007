"""What the records say: steps to the target, speed-ups over the reference, and how certain they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scipy import stats

from .protocol import Protocol
from .records import Record, Records
from .targets import Target, frozen

__all__ = ["TAU", "Board", "Score", "board"]

TAU = 4.0
"""Where a performance profile ends: who takes longer has as much of it as who never arrives."""

# Of the median of three values of a normal distribution, in those of the distribution.
_VARIANCE_OF_MEDIAN = 0.4487


@dataclass(frozen=True)
class Score:
    """What a row reached on one track.

    `steps` has what it took on each workload, infinity for a miss, and lacks the workloads that are not run.
    `speed_up` is the geometric mean of what the tuned reference took over it; 0 if a workload was missed, and
    NaN while one is not run. `where_reached` is the same over the workloads that it did not miss. `error` is
    the standard error of its logarithm, and `p_value` the probability of a speed-up as far from 1 by chance,
    corrected for the number of rows (Holm). `sure` has the workloads whose target the runs reach on average,
    as far as five of them can tell.
    """

    row: str
    steps: Mapping[str, float]
    speed_up: float
    where_reached: float
    profile: float
    error: float = math.nan
    p_value: float = math.nan
    sure: frozenset[str] = frozenset()

    @property
    def reached(self) -> int:
        """On how many workloads it reached the target."""
        return sum(map(math.isfinite, self.steps.values()))

    @property
    def order(self) -> tuple[float, float]:
        """Sort key: who reaches more targets comes first, then who is faster on these."""
        return -self.reached, -self.where_reached if self.steps and self.reached else 0.0


@dataclass(frozen=True)
class Board:
    """All that the pages show."""

    protocol: Protocol
    targets: Mapping[str, Target]
    records: Mapping[str, Sequence[Record]]
    tuned: Sequence[Score]
    fixed: Sequence[Score]


def board(protocol: Protocol, folder: Path, rows: Sequence[str]) -> Board:
    """Return what the records of a folder say of some rows."""
    held = Records(folder, protocol.version)
    records = {row: list(held.of(row).values()) for row in rows}
    targets = frozen(protocol, folder)
    studies = {
        row: {w: _studies(protocol, w, targets, found) for w in targets} for row, found in records.items()
    }
    tuned = {row: {w: statistics.median(s) for w, s in each.items() if s} for row, each in studies.items()}
    fixed = {
        row: {w: statistics.median(s) for w in targets if (s := _runs(protocol, w, targets, found))}
        for row, found in records.items()
    }
    reference = tuned.get(protocol.reference, {})
    deviation = _deviation([s for each in studies.values() for s in each.values()])
    sure = {row: _sure(protocol, targets, records, row) for row in rows}
    return Board(
        protocol,
        targets,
        records,
        _with_p_values(protocol, _scores(protocol, tuned, reference, deviation)),
        [replace(score, sure=sure[score.row]) for score in _scores(protocol, fixed, reference)],
    )


def _studies(
    protocol: Protocol, name: str, targets: Mapping[str, Target], records: Sequence[Record]
) -> list[float]:
    """Return the steps of the fastest trial of each study; nothing unless all trials were run."""
    workload, rules = protocol.workloads[name], protocol.tuned
    runs = [each for each in records if each.key[:2] == (name, "tuned")]
    if len(runs) < rules.trials * len(rules.seeds):
        return []
    return [
        min(each.steps_to(workload, targets[name].value) for each in runs if each.study == study)
        for study in range(len(rules.seeds))
    ]


def _runs(
    protocol: Protocol, name: str, targets: Mapping[str, Target], records: Sequence[Record]
) -> list[float]:
    """Return the steps of each run on track B; nothing unless all were run."""
    runs = [each for each in records if each.key[:2] == (name, "fixed")]
    if len(runs) < len(protocol.fixed.seeds):
        return []
    return [each.steps_to(protocol.workloads[name], targets[name].value) for each in runs]


def _deviation(studies: Sequence[Sequence[float]]) -> float:
    """Return the deviation of the logarithm of a study's steps, pooled over rows and workloads."""
    spread, freedom = 0.0, 0
    for each in studies:
        logs = [math.log(steps) for steps in each if 0 < steps < math.inf]
        if len(logs) > 1:
            spread += (len(logs) - 1) * statistics.variance(logs)
            freedom += len(logs) - 1
    return math.sqrt(spread / freedom) if freedom else math.nan


def _sure(
    protocol: Protocol, targets: Mapping[str, Target], records: Mapping[str, Sequence[Record]], row: str
) -> frozenset[str]:
    """Return the workloads on which the mean of the runs of track B is surely as good as the target.

    As in the third track of modded-nanogpt, by its distance from the target times the root of the number of
    runs; here against the deviation of the reference's repeated runs, one-sided, at 5 %.
    """
    found = set()
    for name, target in targets.items():
        workload = protocol.workloads[name]
        runs = [each.best(workload) for each in records[row] if each.key[:2] == (name, "fixed")]
        known = records.get(protocol.reference, ())
        repeats = [each.best(workload) for each in known if each.key[:2] == (name, "repeat")]
        if len(runs) < len(protocol.fixed.seeds) or len(repeats) < len(protocol.targets.repeats):
            continue
        distance = (target.value - statistics.fmean(runs)) * math.sqrt(len(runs))
        distance *= -1 if workload.higher_is_better else 1
        if distance >= float(stats.norm.isf(0.05)) * statistics.stdev(repeats):
            found.add(name)
    return frozenset(found)


def _scores(
    protocol: Protocol,
    steps: Mapping[str, Mapping[str, float]],
    reference: Mapping[str, float],
    deviation: float = math.nan,
) -> list[Score]:
    error = deviation * math.sqrt(2 * _VARIANCE_OF_MEDIAN / len(protocol.workloads))
    scores = [
        Score(row, taken, *_speed_ups(protocol, reference, taken), profile_score(ratios(steps, row)), error)
        for row, taken in steps.items()
    ]
    return sorted(scores, key=lambda score: score.order)


def _with_p_values(protocol: Protocol, scores: Sequence[Score]) -> list[Score]:
    found = {
        score.row: 2 * float(stats.norm.sf(abs(math.log(score.speed_up)) / score.error))
        for score in scores
        if score.row != protocol.reference and score.speed_up > 0 and score.error > 0
    }
    corrected, largest = dict[str, float](), 0.0
    for rank, row in enumerate(sorted(found, key=found.__getitem__)):
        largest = corrected[row] = min(1.0, max(largest, found[row] * (len(found) - rank)))
    return [replace(score, p_value=corrected.get(score.row, math.nan)) for score in scores]


def _speed_ups(
    protocol: Protocol, reference: Mapping[str, float], taken: Mapping[str, float]
) -> tuple[float, float]:
    """Return the geometric means over all workloads that the reference reached, and over those of both."""
    known = [name for name in protocol.workloads if math.isfinite(reference.get(name, math.inf))]
    both = [reference[name] / taken[name] for name in known if math.isfinite(taken.get(name, math.inf))]
    mean = statistics.geometric_mean(both) if both else math.nan
    if not known or any(name not in taken for name in known):
        return math.nan, mean
    return (mean if len(both) == len(known) else 0.0), mean


def ratios(steps: Mapping[str, Mapping[str, float]], row: str) -> list[float]:
    """Return the steps of a row over those of the fastest, on each workload; infinity where it has none."""
    workloads = dict.fromkeys(name for each in steps.values() for name in each)
    found = []
    for name in workloads:
        fastest = min(each.get(name, math.inf) for each in steps.values())
        taken = steps[row].get(name, math.inf)
        found.append(taken / fastest if taken < math.inf else math.inf)
    return found


def profile_score(found: Sequence[float]) -> float:
    """Return the mean height of a performance profile from 1 to `TAU`: 1 for the fastest everywhere.

    >>> profile_score([1.0, 2.5])
    0.75
    """
    if not found:
        return 0.0
    return statistics.fmean(max(0.0, TAU - ratio) / (TAU - 1.0) for ratio in found)
