"""What the records say: steps to the target, speed-ups over the reference, and how certain they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    `speed_up` is the geometric mean of what the reference took over it; 0 if a workload was missed, and NaN
    while one is not run. `error` is the standard error of its logarithm.
    """

    row: str
    steps: Mapping[str, float]
    speed_up: float
    profile: float
    error: float = math.nan
    p_value: float = math.nan

    @property
    def reached(self) -> int:
        """On how many workloads it reached the target."""
        return sum(map(math.isfinite, self.steps.values()))

    @property
    def order(self) -> tuple[float, float]:
        """Sort key: who reaches more targets comes first, then who is faster on these."""
        return -self.reached, -self.speed_up if self.speed_up else -self.profile


@dataclass(frozen=True)
class Board:
    """All that the pages show."""

    protocol: Protocol
    targets: Mapping[str, Target]
    records: Mapping[str, Sequence[Record]]
    tuned: Sequence[Score]
    fixed: Sequence[Score]
    profiles: Mapping[str, Sequence[float]]


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
    deviation = _deviation([s for each in studies.values() for s in each.values()])
    return Board(
        protocol,
        targets,
        records,
        _scores(protocol, tuned, deviation),
        _scores(protocol, fixed, math.nan),
        {row: ratios(tuned, row) for row in tuned},
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


def _scores(protocol: Protocol, steps: Mapping[str, Mapping[str, float]], deviation: float) -> list[Score]:
    reference = steps.get(protocol.reference, {})
    error = deviation * math.sqrt(2 * _VARIANCE_OF_MEDIAN / max(1, len(protocol.workloads)))
    found = []
    for row, taken in steps.items():
        speed_up = _speed_up(protocol, reference, taken)
        compared = row != protocol.reference and 0 < speed_up < math.inf and error > 0
        p_value = 2 * float(stats.norm.sf(abs(math.log(speed_up)) / error)) if compared else math.nan
        found.append(Score(row, taken, speed_up, profile_score(ratios(steps, row)), error, p_value))
    return sorted(found, key=lambda score: score.order)


def _speed_up(protocol: Protocol, reference: Mapping[str, float], taken: Mapping[str, float]) -> float:
    """Return the geometric mean over all workloads that the reference reached."""
    known = [name for name in protocol.workloads if math.isfinite(reference.get(name, math.inf))]
    if not known or any(name not in taken for name in known):
        return math.nan
    if any(math.isinf(taken[name]) for name in known):
        return 0.0
    return statistics.geometric_mean(reference[name] / taken[name] for name in known)


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
