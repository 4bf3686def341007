"""The targets: what tuned baselines reach, measured once and then fixed for a version of the protocol."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from .protocol import Protocol, Workload
from .records import Record, Records, rounded

__all__ = ["Target", "best_values", "freeze", "frozen"]


class Target(BaseModel):
    """The target of a workload: `medians` has what each baseline reached, the best value over its seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    medians: dict[str, float]
    settings: dict[str, dict[str, Any]]


def best_values(
    workload: Workload, found: Mapping[Any, Record], trials: int, name: str
) -> dict[str, Any] | None:
    """Return the values of the best trial of the search; None if some of them are still to be run."""
    runs = [record for key, record in found.items() if key[:2] == (name, "search")]
    if len(runs) < trials:
        return None
    # A NaN is the worst.
    sign = -1.0 if workload.higher_is_better else 1.0
    scores = [sign * run.best(workload) for run in runs]
    return dict(min(zip(scores, runs, strict=True), key=lambda pair: (pair[0] != pair[0], pair[0]))[1].values)


def target_of(protocol: Protocol, name: str, records: Records) -> Target | None:
    """Return the target of a workload by what has been run; None if something is still missing.

    Of each baseline it is the median over its seeds of the best value in a run. The target is the median of
    these, so that two of four tuned methods surpass it in half of their runs.
    """
    rules, workload = protocol.targets, protocol.workloads[name]
    medians, settings = dict[str, float](), dict[str, dict[str, Any]]()
    for row in rules.rows:
        found = records.of(row)
        runs = [record for key, record in found.items() if key[:2] == (name, "repeat")]
        values = best_values(workload, found, rules.trials, name)
        if values is None or len(runs) < len(rules.repeats):
            return None
        medians[row] = statistics.median(run.best(workload) for run in runs)
        settings[row] = values
    return Target(value=rounded(statistics.median(medians.values())), medians=medians, settings=settings)


def frozen(protocol: Protocol, folder: Path) -> dict[str, Target]:
    """Return the targets that are fixed, by workload."""
    path = folder / "targets.json"
    plain = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = plain.get("targets", {}) if plain.get("protocol") == protocol.version else {}
    return {name: Target.model_validate(each) for name, each in kept.items() if name in protocol.workloads}


def freeze(protocol: Protocol, records: Records) -> dict[str, Target]:
    """Fix the targets of all workloads of which the baselines are done; what is fixed stays."""
    held = frozen(protocol, records.folder)
    missing = [name for name in protocol.workloads if name not in held]
    new = {name: target for name in missing if (target := target_of(protocol, name, records)) is not None}
    if new:
        targets = held | new
        plain = {"protocol": protocol.version, "targets": {k: v.model_dump() for k, v in targets.items()}}
        path = records.folder / "targets.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    return held | new
