"""Runs that there are already, compared without training anything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optiplug import ConfigError, StateError, registry
from optiplug.checkpoint.files import read_whole
from optiplug_lab.command import read_config
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder

from .outcome import Outcome, course_of
from .records import Comparison, Figure, Row, RunRecord
from .results import named_figure
from .significance import judged_pairs

__all__ = ["compared_runs", "read_runs"]

_LARGEST = 2**24
_ALIKE = ("task", "steps", "batch_size")


@dataclass(frozen=True)
class ExistingRun:
    """A run folder with its config, and its result, None if it has not ended."""

    path: Path
    config: TrainConfig
    result: Mapping[str, Any] | None


def read_runs(paths: Sequence[Path]) -> list[ExistingRun]:
    """Return the runs in these folders.

    Raises
    ------
    StateError
        If there is none in one of them.
    ConfigError
        If they are of different tasks or lengths, or one is there twice.
    """
    runs = [_read(path) for path in paths]
    for run in runs[1:]:
        for name in _ALIKE:
            known, other = (getattr(each.config, name) for each in (runs[0], run))
            if known != other:
                rule = f"must have the {name} of {runs[0].path}, which is {_told(known)}"
                raise ConfigError(rule, where=str(run.path), received=_told(other))
    seen: dict[str, Path] = {}
    for run in runs:
        key = json.dumps([run.config.optimizer.dump(), run.config.seed], sort_keys=True)
        if key in seen:
            rule = f"is a run of the optimizer and the seed of {seen[key]}"
            raise ConfigError(rule, where=str(run.path), hint="name one of them")
        seen[key] = run.path
    return runs


def compared_runs(
    runs: Sequence[ExistingRun], figure: Figure, sizes: Mapping[str, Mapping[str, int]]
) -> Comparison:
    """Return the comparison of runs: a row for each optimizer, a run for each seed.

    `sizes` has, by the names of rows, the number of parameters and the bytes of their state.
    """
    first = runs[0].config
    rows = [
        Row(
            name=name,
            config=members[0].config.optimizer.dump(),
            command=f"optiplug train {members[0].path / 'config.yaml'}",
            runs=tuple(map(_record, sorted(members, key=lambda each: each.config.seed))),
            **sizes[name],
        )
        for name, members in grouped(runs).items()
    ]
    named = named_figure(figure, [each for row in rows for each in row.runs])
    versions: dict[str, str] = {}
    for run in runs:
        versions |= run.config.versions
    return Comparison(
        title=f"{len(runs)} runs on {registry.reference_of(type(first.task))}",
        task=first.task.dump(),
        figure=named,
        steps=first.steps,
        batch_size=first.batch_size,
        rows=tuple(rows),
        pairs=judged_pairs(rows, named),
        versions=dict(sorted(versions.items())),
        made=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def grouped(runs: Sequence[ExistingRun]) -> dict[str, list[ExistingRun]]:
    """Return the runs of each optimizer: by its name or, if several have it, that of a run."""
    groups: dict[str, list[ExistingRun]] = {}
    for run in runs:
        groups.setdefault(json.dumps(run.config.optimizer.dump(), sort_keys=True), []).append(run)
    uses = [members[0].config.optimizer.dump()["use"] for members in groups.values()]
    named: dict[str, list[ExistingRun]] = {}
    for use, members in zip(uses, groups.values(), strict=True):
        name = use if uses.count(use) == 1 else members[0].path.absolute().name
        while name in named:
            name = str(members[0].path) if name != str(members[0].path) else f"{name}'"
        named[name] = members
    return named


def _read(path: Path) -> ExistingRun:
    config = read_config(RunFolder(path).config_in_force)
    try:
        result = json.loads(read_whole(path / "result.json", _LARGEST))
    except FileNotFoundError:
        result = None
    except (OSError, ValueError) as error:
        raise StateError(f"cannot be read: {error}", where=str(path / "result.json")) from None
    return ExistingRun(path, config, result)


def _record(run: ExistingRun) -> RunRecord:
    result, outcome = run.result, Outcome.read(run.path)
    speed = result and result["steps_per_second"]
    # Of a run of a comparison more is known.
    times = {"seconds": (run.config.steps - 1) / speed, "ms_per_step": 1000 / speed} if speed else {}
    return RunRecord(
        seed=run.config.seed,
        folder=str(run.path),
        ended="done" if result else outcome.ended if outcome else "running",
        problem="" if result else outcome.problem if outcome else "it has not ended",
        final=result["final"] if result else {},
        **{**times, **course_of(run.path, run.config.evaluate_every)},
    )


def _told(value: object) -> str:
    return str(value.dump()) if hasattr(value, "dump") else str(value)
