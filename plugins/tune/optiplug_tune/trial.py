"""One trial: the values that were chosen for it, and what is reported of it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from optiplug import NamedConfig
from optiplug.cli.loading import load
from optiplug.document import Document

from .space import Space

__all__ = ["WORDS", "Diverged", "Trial", "config_of", "word_for"]

WORDS = ("complete", "pruned", "diverged", "failed", "interrupted", "lost", "running", "waiting")
"""What a trial can be: the first four have ended, and those that were interrupted or lost are made again."""


class Diverged(optuna.TrialPruned):
    """A trial whose numbers are not finite any more: worse than each that came to its end."""


class Trial:
    """A trial of a study, as its objective sees it.

    Parameters
    ----------
    asked
        What Optuna has of it.
    values
        The values that were chosen, by the path of their ranges.
    space
        Makes a config of them.
    """

    def __init__(self, asked: optuna.Trial, values: Mapping[str, Any], space: Space) -> None:
        self.optuna, self.values, self._space = asked, values, space

    @property
    def number(self) -> int:
        """Its number in the study, from 0 on."""
        return self.optuna.number

    @cached_property
    def config(self) -> NamedConfig:
        """The config with these values: an OptimizerConfig, or the TrainConfig of a run.

        Raises
        ------
        ConfigError
            If the values break a rule together, each of which is in its range.
        """
        return config_of(self._space, self.values)

    def report(self, step: int, value: float) -> None:
        """Tell the study how it goes; the pruner may end the trial here.

        Raises
        ------
        optuna.TrialPruned
            If it is not worth going on.
        """
        self.optuna.report(value, step)
        if self.optuna.should_prune():
            raise optuna.TrialPruned


def config_of(space: Space, values: Mapping[str, Any]) -> NamedConfig:
    """Return the config of a space with these values: an OptimizerConfig, or the TrainConfig of a run.

    >>> from optiplug_tune.space import space_of
    >>> rate = {"search": "log", "low": 1e-4, "high": 1e-2}
    >>> config_of(space_of({"use": "sgd", "learning_rate": rate}), {"learning_rate": 0.002}).learning_rate
    0.002
    """
    return load(Document("", space.config(values), {(): (1, 1)}, {}))


def word_for(trial: FrozenTrial) -> str:
    """Return what became of a trial, one of `WORDS`."""
    if trial.state is TrialState.PRUNED or trial.state is TrialState.FAIL:
        fallback = "pruned" if trial.state is TrialState.PRUNED else "failed"
        return str(trial.user_attrs.get("ended", fallback))
    return str(trial.state.name).lower()
