"""How much each range decides, as far as the trials of a study can tell."""

from __future__ import annotations

from optuna.importance import get_param_importances
from optuna.trial import TrialState

from .study import Study

__all__ = ["FEWEST", "importance_of"]

FEWEST = 20
"""Trials that have to come to their end: of fewer nothing is told."""


def importance_of(study: Study) -> dict[str, float] | None:
    """Return the share of each range in what tells the good trials from the others, the largest first.

    By PED-ANOVA (Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
    Arbitrary Subspaces"), Optuna's default, over trials that came to their end. None if there are too few, or
    if all have the same value.
    """
    complete = [trial for trial in study.trials if trial.state is TrialState.COMPLETE]
    if len(complete) < FEWEST or len({trial.value for trial in complete}) < 2:
        return None
    return get_param_importances(study.optuna)
