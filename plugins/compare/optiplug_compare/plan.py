"""What a comparison does, laid down before its first step: every run, with its config and its folder."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from optiplug import ConfigError, OptimizerConfig, StateError
from optiplug.checkpoint.files import read_whole, replace_file
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import config_text

from .records import Figure

__all__ = ["PLAN", "Entrant", "Plan", "PlannedRow", "PlannedRun", "has_rate", "laid_down", "new_folder"]

PLAN = "plan.json"
"""The file in the folder of a comparison that says what it does."""

_LARGEST = 2**28
_LONGEST_NAME = 100
# Checkpoints in a run: what a kill costs is a part of it.
_SAVES = 5


@dataclass(frozen=True)
class Entrant:
    """An optimizer that takes part: its name, and its run with the first seed."""

    name: str
    config: TrainConfig

    @property
    def has_rate(self) -> bool:
        """Whether it, or an optimizer inside of it, has a learning rate."""
        return has_rate(self.config.optimizer)


class _Planned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedRow(_Planned):
    """A row of the result: its optimizer, and the file of a run config, in the folder of the comparison."""

    name: str
    config: dict[str, Any]
    file: str


class PlannedRun(_Planned):
    """A run of a row, with its whole config, and its folder in that of the comparison."""

    row: str
    seed: int
    rate_factor: float = 1.0
    folder: str
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called while it goes on."""
        return Path(self.folder).name


class Plan(_Planned):
    """All that a comparison does; a figure without a name is the first that the task returns.

    `threads` are those of TensorFlow in each process, on every machine that takes part: they decide the last
    bits of a sum.
    """

    format: Literal[1] = 1
    title: str
    task: dict[str, Any]
    figure: Figure
    steps: int
    batch_size: int
    threads: int
    rows: tuple[PlannedRow, ...]
    runs: tuple[PlannedRun, ...]

    @classmethod
    def of(
        cls,
        entrants: Sequence[Entrant],
        figure: Figure,
        *,
        seeds: int,
        factors: Sequence[float],
        threads: int,
    ) -> Plan:
        """Return a plan of so many seeds, and of the first seed with each factor of the learning rate."""
        first = entrants[0].config
        named = list(zip(_folder_names([each.name for each in entrants]), entrants, strict=True))
        # Seed by seed, so that an interrupted comparison has something of every row.
        judged = [
            _run(folder, each, first.seed + number) for number in range(seeds) for folder, each in named
        ]
        scaled = [
            _run(folder, each, first.seed, factor)
            for factor in factors
            for folder, each in named
            if each.has_rate
        ]
        task = first.task.dump()
        return cls(
            title=f"{_counted(len(named), 'optimizer')} on {task['use']}, {_counted(seeds, 'seed')}",
            task=task,
            figure=figure,
            steps=first.steps,
            batch_size=first.batch_size,
            threads=threads,
            rows=tuple(
                PlannedRow(name=each.name, config=each.config.optimizer.dump(), file=f"configs/{folder}.yaml")
                for folder, each in named
            ),
            runs=(*judged, *scaled),
        )

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Return the plan in the folder of a comparison.

        Raises
        ------
        StateError
            If there is none, or it is damaged.
        """
        try:
            return cls.model_validate_json(read_whole(folder / PLAN, _LARGEST))
        except OSError as error:
            rule = f"there is no comparison in this folder: {PLAN}: {error.strerror or error}"
            raise StateError(rule, where=str(folder), hint=f"`--dir {folder}` begins one") from None
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            rule = f"is no plan of a comparison: {where}: {error.errors()[0]['msg']}"
            raise StateError(rule, where=str(folder / PLAN)) from None


def laid_down(plan: Plan, folder: Path) -> None:
    """Write a plan, the configs of its rows and the folders of its runs into a folder, the plan last."""
    by_row = {run.row: run for run in reversed(plan.runs)}
    (folder / "configs").mkdir()
    for row in plan.rows:
        replace_file(folder / row.file, config_text(TrainConfig(**by_row[row.name].config)))
    for run in plan.runs:
        (folder / run.folder).mkdir(parents=True)
    replace_file(folder / PLAN, plan.model_dump_json(indent=1) + "\n")


def new_folder(path: Path | None, name: str) -> Path:
    """Make the folder of a comparison: `path`, or ``compare/<name>-<timestamp>``, which no other one has.

    Raises
    ------
    ConfigError
        If there is something in it, or it cannot be made.
    """
    try:
        if path is None:
            return _made(name)
        path.mkdir(parents=True, exist_ok=True)
        used = any(path.iterdir())
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        rule = f"the folder cannot be made: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(rule, where="--dir", received=str(path or name)) from None
    if used:
        hint = f"`optiplug compare --resume {path}` goes on with a comparison"
        raise ConfigError("the folder must be new or empty", where="--dir", received=str(path), hint=hint)
    return path


def has_rate(optimizer: OptimizerConfig) -> bool:
    """Whether an optimizer, or one inside of it, has a learning rate."""
    return any(path[-1] == "learning_rate" and value is not None for path, value in _values(optimizer.dump()))


def _values(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _values(item, (*path, key))


def _run(folder: str, entrant: Entrant, seed: int, factor: float = 1.0) -> PlannedRun:
    fields = entrant.config.dump()
    del fields["use"]
    optimizer = fields["optimizer"]
    # A judged one may have 1 as a factor, too: it is a run of its own.
    name = f"{folder}-seed-{seed}"
    if factor != 1:
        scale = {"use": "learning_rate_scale", "factor": factor}
        optimizer = {**optimizer, "processors": [scale, *optimizer["processors"]]}
        name = f"{folder}-rate-{factor:g}"
    steps = fields["steps"]
    every = max(1, round(steps / _SAVES / fields["evaluate_every"])) * fields["evaluate_every"]
    config = {
        **fields,
        "optimizer": optimizer,
        "seed": seed,
        "log_every": fields["evaluate_every"],
        "checkpoint_every": every,
    }
    return PlannedRun(row=entrant.name, seed=seed, rate_factor=factor, folder=f"runs/{name}", config=config)


def _folder_names(names: Sequence[str]) -> list[str]:
    """Return names of files, one for each of these and all of them different."""
    found: list[str] = []
    for name in names:
        short = re.sub(r"[^\w.@+-]+", "-", name)[:_LONGEST_NAME].lstrip(".-") or "row"
        number, each = 1, short
        while each.lower() in {other.lower() for other in found}:
            number += 1
            each = f"{short}-{number}"
        found.append(each)
    return found


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _made(name: str) -> Path:
    """Make ``compare/<name>-<timestamp>``; where that is there, another."""
    now = dt.datetime.now().astimezone()
    first = Path("compare") / f"{_folder_names([name])[0]}-{now:%Y%m%d-%H%M%S}"
    path, number = first, 1
    while True:
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            # Making it decides: two that look whether it is there see the same.
            number += 1
            path = first.with_name(f"{first.name}-{number}")
        else:
            return path
