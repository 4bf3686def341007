"""A study that begins as the command line says, or goes on as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna

from optiplug import ConfigError
from optiplug.document import Setting

from .folder import StudyFolder
from .judging import Judging, task_of
from .samplers import Plan
from .space import Space, read_space
from .study import Study
from .trial import config_of

__all__ = ["opened"]


def opened(
    file: Path | None,
    path: Path | None,
    settings: Sequence[Setting],
    judged: Mapping[str, Any],
    planned: Mapping[str, Any],
) -> tuple[Study, StudyFolder]:
    """Return the study in a folder, or a new one, and the folder.

    Parameters
    ----------
    file, settings
        The config with ranges, and values in place of its own; without a file the study's own.
    path
        The folder; None for a new one with a name of its own.
    judged, planned
        What is said of `Judging` and `Plan`; what is not said is as before, or by default.

    Raises
    ------
    ConfigError
        If the ranges or the options are wrong, or there is no study to go on with.
    ChangedInputsError
        If a study that is there has another config, or is judged otherwise.
    """
    # What is worth saying the command says itself.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = None if path is None else StudyFolder(path)
    kept = None if folder is None else Study.kept(folder)
    if folder is None or kept is None:
        if file is None:
            rule = "is required, except with --study of one that is there"
            raise ConfigError(rule, where="FILE", hint="give the config with the ranges")
        space = read_space(file, settings)
        judging, plan = _judging(space, judged), Plan(**planned)
        folder = folder or StudyFolder.named(file.stem)
    else:
        if file is None and settings:
            raise ConfigError("needs FILE: a study that is there keeps its config", where="--set")
        space = read_space(file or folder.space, settings)
        judging = kept[0]
        if not judging.steps:
            rule, hint = "the study is one of a program, whose objective is its own", "run the program again"
            raise ConfigError(rule, where="--study", received=str(folder.path), hint=hint)
        judging.require(_of_task(judged), str(folder.path))
        plan = Plan(**{**kept[1], **planned})
    folder.prepare()
    with folder.turn_taken():
        folder.keep_space(space, file)
    return Study(space, judging, plan, folder), folder


def _of_task(judged: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of judging, with the whole config of a task in place of its name."""
    return {**judged, **({"task": task_of(judged["task"]).dump()} if "task" in judged else {})}


def _judging(space: Space, judged: Mapping[str, Any]) -> Judging:
    config = config_of(space, space.default)
    given = {"steps": None, **judged}
    task = given.pop("task", None)
    return Judging.of_config(config, None if task is None else task_of(task), **given)
