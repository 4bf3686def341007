"""What the value of a trial is: which figure of which task, after how many steps, over how many seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from optiplug import ConfigError, NamedConfig, Section, TaskConfig
from optiplug.errors import ChangedInputsError
from optiplug_lab.config import TrainConfig

__all__ = ["Judging", "task_of"]


class Judging(BaseModel):
    """How trials are judged, which must be the same for all of a study.

    `task` is the config of the task, None where the config that is tuned is a whole run or the objective is
    a function of the user's.

    >>> Judging.of_task(task_of("digits"), steps=100, figure="accuracy", higher_is_better=True).seeds
    1
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    figure: str = "value"
    higher_is_better: bool = False
    task: dict[str, Any] | None = None
    steps: int = 0
    batch_size: int = 128
    evaluate_every: int = 10
    seeds: int = 1

    @classmethod
    def of_task(
        cls,
        task: TaskConfig,
        *,
        figure: str | None = None,
        higher_is_better: bool | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        seeds: int = 1,
    ) -> Self:
        """Return what the goal of a task says, and in its place what is given.

        Raises
        ------
        ConfigError
            If neither says the figure or the steps.
        """
        goal = task.goal
        figure = figure or (goal.figure if goal else None)
        steps = steps or (goal.steps if goal else None)
        if figure is None or steps is None:
            name = "steps" if steps is None else "figure"
            hint = f"give it, since the task {task.dump()['use']} has no goal that says so"
            raise ConfigError("is required", where=f"--{name}", hint=hint)
        if higher_is_better is None:
            if goal is None or figure != goal.figure:
                hint = "an accuracy is better if it is higher, a loss if it is lower"
                rule = f"is required: no goal of the task says it of {figure}"
                raise ConfigError(rule, where="--higher-is-better or --lower-is-better", hint=hint)
            higher_is_better = goal.higher_is_better
        return cls(
            figure=figure,
            higher_is_better=higher_is_better,
            task=task.dump(),
            steps=steps,
            batch_size=batch_size or (goal.batch_size if goal else 128),
            evaluate_every=goal.evaluate_every if goal else max(steps // 10, 1),
            seeds=seeds,
        )

    @classmethod
    def of_config(cls, config: NamedConfig, task: TaskConfig | None, steps: int | None, **given: Any) -> Self:
        """Return how a config is judged: a run says its task and its steps, an optimizer neither.

        Raises
        ------
        ConfigError
            If something is said twice, or not at all.
        """
        if isinstance(config, TrainConfig):
            for name, value in (("task", task), ("steps", steps)):
                if value is not None:
                    hint = f"`--set {name}=...` changes it"
                    raise ConfigError("is said by the config already", where=f"--{name}", hint=hint)
            judging = cls.of_task(config.task, steps=config.steps, **given)
            own = {"task": None, "batch_size": config.batch_size, "evaluate_every": config.evaluate_every}
            return judging.model_copy(update=own)
        if task is None:
            hint = "give `--task`, or begin the file with `command: train` and a `task`"
            raise ConfigError("is required for the config of an optimizer", where="--task", hint=hint)
        return cls.of_task(task, steps=steps, **given)

    def require(self, given: Mapping[str, Any], where: str) -> None:
        """Check that a study which judges its trials like this does so as is asked.

        Raises
        ------
        ChangedInputsError
            With what differs.
        """
        own = self.model_dump(mode="json")
        differing = [
            (name, str(own[name]), str(value)) for name, value in given.items() if own[name] != value
        ]
        if differing:
            raise ChangedInputsError(
                "the study judges its trials otherwise; nothing was changed",
                where=where,
                hint="leave this out to go on with it, or begin a new study",
                differences=differing,
            )


class _Task(Section):
    task: TaskConfig


def task_of(task: TaskConfig | Mapping[str, Any] | str) -> TaskConfig:
    """Return the config of a task, or of that with this name.

    Raises
    ------
    ConfigError
        If it breaks a rule.
    """
    fields: dict[str, Any] = {"task": task}
    return _Task(**fields).task
