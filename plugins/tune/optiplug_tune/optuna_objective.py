"""The same ranges and objectives in a study that Optuna itself runs, on whatever storage."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import optuna

from .space import Space, read_space, space_of
from .trial import Diverged, Trial
from .trials import Objective

__all__ = ["for_optuna", "space_from"]


def for_optuna(
    config: Mapping[str, Any] | str | PathLike[str], objective: Objective
) -> Callable[[optuna.Trial], float]:
    """Return the objective of a study of Optuna, for its `optimize` and for what builds upon that.

    Parameters
    ----------
    config, objective
        As `tune` takes them.

    Raises
    ------
    ConfigError
        With every problem of the ranges and of the config around them.

    Examples
    --------
    >>> import optuna, optiplug_tune
    >>> space = {"use": "sgd", "learning_rate": {"search": "linear", "low": 0.0, "high": 1.0}}
    >>> distance = optiplug_tune.for_optuna(space, lambda config, trial: abs(config.learning_rate - 0.5))
    >>> study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    >>> study.optimize(distance, n_trials=30)
    >>> study.best_value < 0.05
    True
    """
    space = space_from(config)

    def value_of(asked: optuna.Trial) -> float:
        trial = Trial(asked, space.values(asked), space)
        value = float(objective(trial.config, trial))
        if not math.isfinite(value):
            raise Diverged
        return value

    return value_of


def space_from(config: Mapping[str, Any] | str | PathLike[str]) -> Space:
    """Return the search space of a config, or of a file."""
    return space_of(config) if isinstance(config, Mapping) else read_space(config)
