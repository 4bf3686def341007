"""The objective of the command: a task is trained, and judged by a figure on held-out data at the end."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from optiplug import ConfigError, NamedConfig, TaskConfig
from optiplug.errors import nearest
from optiplug_lab.config import TrainConfig

from .judging import Judging, task_of
from .trial import Diverged, Trial

__all__ = ["Workload", "workload"]


class Workload:
    """An objective: the mean over seeds of the figure that a task has after all steps.

    It is that of the final values of the variables, such as averages, on held-out data. A run whose training
    loss is no finite number any more ends there, and its trial has diverged.

    Parameters
    ----------
    judging
        What is judged.
    between_seeds
        What is reported for pruning: the figure at the end of each seed, or else all evaluations of the first
        run and then the mean over the runs so far.
    """

    def __init__(self, judging: Judging, *, between_seeds: bool = True) -> None:
        self.judging, self._between_seeds = judging, between_seeds

    @property
    def higher_is_better(self) -> bool:
        """Whether the figure has to rise."""
        return self.judging.higher_is_better

    def __call__(self, config: NamedConfig, trial: Trial) -> float:
        run, finals = self._run_of(config), list[float]()
        for number in range(self.judging.seeds):
            final = self._train(run.model_copy(update={"seed": run.seed + number}), trial, first=not number)
            finals.append(final)
            if self._between_seeds:
                trial.report(number, final)
            elif number:
                trial.report((number + 1) * run.steps, statistics.fmean(finals))
        return statistics.fmean(finals)

    def _run_of(self, config: NamedConfig) -> TrainConfig:
        if isinstance(config, TrainConfig):
            return config.model_copy(update={"evaluate_every": self._interval(config.steps)})
        judging = self.judging
        fields: dict[str, Any] = {"task": judging.task, "optimizer": config, "steps": judging.steps}
        fields |= {"batch_size": judging.batch_size, "evaluate_every": self._interval(judging.steps)}
        return TrainConfig(**fields)

    def _interval(self, steps: int) -> int:
        # Between seeds nobody looks at evaluations: they only show a run that has diverged.
        return max(steps // 4, 1) if self._between_seeds else self.judging.evaluate_every

    def _train(self, config: TrainConfig, trial: Trial, *, first: bool) -> float:
        """Return the figure at the end of a run."""
        import tensorflow as tf

        from optiplug_lab.trial import trial as run

        tf.random.set_seed(config.seed)
        value = math.nan
        for evaluation in run(config):
            value = self._value(evaluation.figures)
            if evaluation.diverged or not math.isfinite(value):
                raise Diverged
            if first and evaluation.step and not self._between_seeds:
                trial.report(evaluation.step, value)
        return value

    def _value(self, figures: Mapping[str, float]) -> float:
        name = self.judging.figure
        if name not in figures:
            hint = nearest(name, figures) or f"the task has {', '.join(figures) or 'none'}"
            raise ConfigError("is no figure of the task", where="--figure", received=name, hint=hint)
        return figures[name]


def workload(
    task: TaskConfig | Mapping[str, Any] | str,
    *,
    figure: str | None = None,
    higher_is_better: bool | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    seeds: int = 1,
) -> Workload:
    """Return the objective that `optiplug tune` uses: a task, trained with the optimizer of each trial.

    Parameters
    ----------
    task
        Its config, or its name.
    figure, higher_is_better, steps, batch_size
        What is judged, and after how many steps; by default what the `Goal` of the task says.
    seeds
        Runs of each trial, whose mean counts.

    Raises
    ------
    ConfigError
        If neither the goal nor an argument says the figure or the steps.

    Examples
    --------
    >>> workload("digits", figure="accuracy", higher_is_better=True, steps=100).judging.steps
    100
    """
    judging = Judging.of_task(
        task_of(task),
        figure=figure,
        higher_is_better=higher_is_better,
        steps=steps,
        batch_size=batch_size,
        seeds=seeds,
    )
    return Workload(judging)
