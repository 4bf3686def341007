"""Making trials, one after another, until there are as many as there should be."""

from __future__ import annotations

import time
from collections.abc import Callable

import optuna
from optuna.trial import TrialState

from optiplug import NamedConfig

from .study import Study
from .trial import Diverged, Trial

__all__ = ["Objective", "make_trials"]

Objective = Callable[[NamedConfig, Trial], float]
"""What is minimized, or maximized: trains with a config, and may report to its trial how it goes."""

_HOPELESS = 3


def make_trials(
    study: Study,
    objective: Objective,
    *,
    timeout: float = float("inf"),
    catch: type[Exception] | tuple[type[Exception], ...] = (),
    until: Callable[[], bool] = lambda: False,
) -> bool:
    """Take trials from a study and make them; none is begun after `timeout` seconds, or once `until` says so.

    Return whether it was `until` that ended it.

    Errors of these types fail their trial, and the next one is made; others fail it, too, and are raised. So
    is the third error, if no trial has come to an end by then.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and (trial := study.begin()) is not None:
        try:
            value = float(objective(trial.config, trial))
        except Diverged:
            study.prune(trial, diverged=True)
        except optuna.TrialPruned:
            study.prune(trial)
        except Exception as error:
            study.fail(trial, error)
            if not isinstance(error, catch) or _hopeless(study):
                raise
        except BaseException:
            study.give_back(trial)
            raise
        else:
            study.finish(trial, value)
        # Not before the first: a process that comes in place of this one would make none either.
        if until():
            return True
    return False


def _hopeless(study: Study) -> bool:
    states = [trial.state for trial in study.trials]
    judged = states.count(TrialState.COMPLETE) + states.count(TrialState.PRUNED)
    failed = sum(trial.user_attrs.get("ended") == "failed" for trial in study.trials)
    return not judged and failed >= _HOPELESS
