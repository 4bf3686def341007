"""What is known of a study, as results.json keeps it: the report reads nothing else."""

from __future__ import annotations

import datetime as dt
from importlib import metadata
from typing import Any, Literal

from optuna.trial import FrozenTrial
from pydantic import BaseModel, ConfigDict

from .folder import StudyFolder
from .importance import importance_of
from .judging import Judging
from .study import Study
from .trial import word_for

__all__ = ["StudyRecord", "TrialRecord", "record_of", "trial_record"]

_VERSIONS = ("optiplug-core", "optiplug-tune", "optuna", "tensorflow")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrialRecord(_Record):
    """A trial: what became of it, its value if it came to its end, and what was chosen for it.

    `again` is the number of the trial that was lost or interrupted and of which this one has the values.
    """

    number: int
    state: str
    value: float | None = None
    values: dict[str, Any]
    seconds: float | None = None
    problem: str = ""
    again: int | None = None


class StudyRecord(_Record):
    """All that a page, its pictures and a table are made of.

    `importance` has the share of each range in what tells good trials from others, None if there are too few
    trials to say. `log` names the ranges that are searched by orders of magnitude, `choices` has what the
    others choose from. `command` goes on with the study; it is empty if that is for a program to do.
    """

    format: Literal[1] = 1
    title: str
    judging: Judging
    trials: tuple[TrialRecord, ...]
    best: int | None
    config: dict[str, Any] | None
    importance: dict[str, float] | None
    log: tuple[str, ...] = ()
    choices: dict[str, tuple[Any, ...]] = {}
    command: str
    sampler: str
    pruner: str
    versions: dict[str, str] = {}
    made: str = ""


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """Return what is known of a trial."""
    word, seconds = word_for(trial), trial.duration
    return TrialRecord(
        number=trial.number,
        state=word,
        value=trial.value if word == "complete" else None,
        values=trial.params,
        seconds=None if seconds is None else round(seconds.total_seconds(), 3),
        problem=trial.user_attrs.get("problem", ""),
        again=trial.user_attrs.get("again"),
    )


def record_of(study: Study, folder: StudyFolder) -> StudyRecord:
    """Return what is known of the study in a folder."""
    best = study.best
    return StudyRecord(
        title=folder.path.absolute().name,
        judging=study.judging,
        trials=tuple(map(trial_record, study.trials)),
        best=None if best is None else best.number,
        config=None if best is None else study.space.config(best.params),
        importance=importance_of(study),
        log=tuple(name for name, each in study.space.ranges.items() if each.kind == "log" or each.log),
        choices={name: each.choices for name, each in study.space.ranges.items() if each.choices},
        command=folder.way_on if study.judging.steps else "",
        sampler=study.plan.sampler_name,
        pruner=study.plan.pruner_name,
        versions={name: metadata.version(name) for name in _VERSIONS},
        made=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
    )
