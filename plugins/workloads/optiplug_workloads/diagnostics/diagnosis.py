"""What an optimizer passes and what it fails, out of ten small problems with one difficulty each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, Self

from optiplug import OptimizerConfig, TaskConfig, registry

__all__ = ["FACTORS", "PREFIX", "SEEDS", "Finding", "diagnose", "diagnostics", "examine"]

PREFIX = "diagnostic_"
"""What the names of all diagnostics among the tasks begin with."""

SEEDS = (0, 1, 2)
"""The runs whose median is judged."""

FACTORS = tuple(10 ** (power / 2) for power in sorted(range(-4, 7), key=abs))
"""What learning rates are multiplied by, one after the other until a diagnostic is passed: 0.01 to 1000."""


@dataclass(frozen=True)
class Finding:
    """What became of an optimizer on one diagnostic.

    `distance` is what was left at the end, the median over the seeds with the best factor of the learning
    rate, `rate_factor`; passed if it is at most `target`. `problem` says why a diagnostic could not be run;
    it is neither passed nor failed then.
    """

    diagnostic: str
    target: float
    distance: float = math.inf
    rate_factor: float = 1.0
    problem: str = ""

    @classmethod
    def of(cls, name: str, task: TaskConfig, **found: Any) -> Self:
        """Create what was found on a task, whose goal has the target."""
        return cls(name, task.goal.target if task.goal else math.nan, **found)

    @property
    def passed(self) -> bool:
        """Whether the target was reached."""
        return not self.problem and self.distance <= self.target

    @property
    def verdict(self) -> Literal["passed", "failed", "not run"]:
        """The same in words.

        >>> Finding("diagnostic_scale", target=0.03, distance=0.5).verdict
        'failed'
        """
        if self.problem:
            return "not run"
        return "passed" if self.passed else "failed"


def diagnostics() -> dict[str, TaskConfig]:
    """Return the diagnostics by name: all installed tasks whose name begins with `PREFIX`.

    >>> list(diagnostics())[:2]
    ['diagnostic_cliff', 'diagnostic_delay']
    """
    entries = (each for each in registry.entries("tasks") if each.name.startswith(PREFIX))
    return {entry.name: registry.load(entry)() for entry in entries}


def diagnose(optimizer: OptimizerConfig) -> tuple[Finding, ...]:
    """Try an optimizer on every diagnostic, each compiled once and run with `SEEDS` and `FACTORS`.

    Nothing is written. The findings are in the order of `diagnostics`, and are all that a table needs:
    a leaderboard has a row of them for each optimizer.

    Parameters
    ----------
    optimizer
        What is tried, with its processors. Learning rates, also schedules and those of optimizers inside
        of it, are multiplied by each of `FACTORS` until the target is reached; the rest stays as it is.

    Examples
    --------
    >>> from optiplug import registry
    >>> sgd = registry.get("optimizers", "sgd")
    >>> [each.diagnostic for each in diagnose(sgd(learning_rate=0.1)) if each.passed]
    ['diagnostic_drift', 'diagnostic_noise']
    """
    return tuple(examine(optimizer, name, task) for name, task in diagnostics().items())


def examine(optimizer: OptimizerConfig, name: str, task: TaskConfig) -> Finding:
    """Try an optimizer on one diagnostic; whatever it raises is the `problem` of the finding."""
    from .descent import Descent

    best = Finding.of(name, task)
    try:
        descent = Descent(task, optimizer)
        for factor in FACTORS if descent.rated else (1.0,):
            distance = median(descent.figure(seed, factor) for seed in SEEDS)
            if distance < best.distance:
                best = Finding.of(name, task, distance=distance, rate_factor=factor)
            if best.passed:
                break
    except Exception as error:  # noqa: BLE001  # a plugin may fail in any way
        return Finding.of(name, task, problem=f"{type(error).__name__}: {error}")
    return best
