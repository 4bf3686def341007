"""Tuning from Python: any training code, within ranges that a config names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from .folder import StudyFolder
from .judging import Judging
from .optuna_objective import space_from
from .records import record_of
from .samplers import Plan
from .study import Study
from .trials import Objective, make_trials

__all__ = ["Result", "tune"]


@dataclass(frozen=True)
class Result:
    """What a study has found.

    Parameters
    ----------
    value, values, config
        Of the best trial: its value, the values that were chosen, by the paths of their ranges, and the
        config with them, as plain values.
    number
        The number of the best trial.
    study
        Optuna's, for all that Optuna can do with it, such as its pictures.
    """

    value: float
    values: Mapping[str, Any]
    config: Mapping[str, Any]
    number: int
    study: optuna.Study


def tune(
    config: Mapping[str, Any] | str | PathLike[str],
    objective: Objective,
    *,
    trials: int = 30,
    sampler: str | BaseSampler = "tpe",
    pruner: BasePruner | None = None,
    study: str | PathLike[str] | None = None,
    higher_is_better: bool | None = None,
    seed: int = 0,
    timeout: float = float("inf"),
    catch: type[Exception] | tuple[type[Exception], ...] = (),
) -> Result:
    """Search the ranges of a config for the values with which an objective is best.

    Parameters
    ----------
    config
        A config with ranges, as a mapping or a file.
    objective
        Called with a config, which has values in place of the ranges, and a `Trial`; returns what is to be
        small. It may call ``trial.report(step, value)``, which lets the pruner end the trial, and raise
        `optuna.TrialPruned` itself. A value that is not finite is that of a trial that has diverged.
    trials
        How many, over all processes that share the study.
    sampler
        ``tpe``, ``qmc``, ``random`` or an object of Optuna's.
    pruner
        An object of Optuna's; without one no trial is ended early.
    study
        A folder to keep the study in, with a report: other processes may take part in it, and a later one
        goes on with it.
    higher_is_better
        Whether the value is to be large instead; by default what the objective says, as a `Workload` does.
    seed
        Decides what is drawn.
    timeout
        Seconds after which no trial is begun.
    catch
        Errors that fail a trial and nothing else.

    Raises
    ------
    ConfigError
        With every problem of the ranges and of the config around them, or if no trial came to its end.
    ChangedInputsError
        If the folder has a study with other ranges, or one that is judged otherwise.

    Examples
    --------
    Gradient descent on a quadratic, with 0.5 as the best rate:

    >>> import optiplug_tune
    >>> def objective(config, trial):
    ...     x = 1.0
    ...     for step in range(20):
    ...         x -= config.learning_rate * 2 * x
    ...         trial.report(step, abs(x))
    ...     return abs(x)
    >>> rate = {"search": "log", "low": 1e-3, "high": 1.0}
    >>> best = optiplug_tune.tune({"use": "sgd", "learning_rate": rate}, objective, trials=30)
    >>> best.value < 1e-6, 0.2 < best.config["learning_rate"] < 0.8
    (True, True)
    """
    path = config if isinstance(config, str | PathLike) else None
    space = space_from(config)
    if higher_is_better is None:
        higher_is_better = bool(getattr(objective, "higher_is_better", False))
    judging = Judging(higher_is_better=higher_is_better)
    plan = Plan(trials, sampler, pruner or "none", seed)
    folder = None
    if study is not None:
        folder = StudyFolder(Path(study))
        folder.prepare()
        with folder.turn_taken():
            folder.keep_space(space, None if path is None else Path(path))
    opened = Study(space, getattr(objective, "judging", judging), plan, folder)
    try:
        make_trials(opened, objective, timeout=timeout, catch=catch)
    finally:
        opened.close()
        if folder is not None:
            from .report import write_study

            write_study(record_of(opened, folder), folder)
    return _result(opened)


def _result(study: Study) -> Result:
    best = study.required_best()
    config = study.space.config(best.params)
    return Result(study.optuna.best_value, best.params, config, best.number, study.optuna)
