"""The trials of a study, which any number of processes take from it, each trial by one of them."""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from optiplug import OptiplugError
from optiplug.errors import in_one_line

from .claims import TrialClaims
from .folder import StudyFolder
from .journal import open_journal
from .judging import Judging
from .samplers import Plan
from .space import Space
from .trial import Trial, word_for

__all__ = ["Study"]

_NAME = "optiplug"
_ATTEMPTS = 3
_LONGEST_PROBLEM = 500


class Study:
    """A study in a folder, or in memory.

    A process takes its turn, which ends with it, to begin a trial and to end one: so no more are begun than
    there should be, and no trial is begun or ended twice. A trial whose process is gone is made again with
    the same values, at most twice, since it may be the trial that ends its processes.

    Parameters
    ----------
    space
        The ranges.
    judging
        What the value of a trial is.
    plan
        How this process takes part in it.
    folder
        Where its journal is; without one it is in memory.

    Raises
    ------
    ChangedInputsError
        If the folder has a study that is judged otherwise.
    """

    def __init__(self, space: Space, judging: Judging, plan: Plan, folder: StudyFolder | None = None) -> None:
        self.space, self.judging, self.plan, self.folder = space, judging, plan, folder
        self._turns = None if folder is None else folder.turn_taken()
        self._claims = None if folder is None else TrialClaims(folder.trials)
        self._best: int | None = None
        with self.turn():
            self._storage: BaseStorage = InMemoryStorage() if folder is None else open_journal(folder.journal)
            self.optuna = _loaded(self._storage) or optuna.create_study(
                storage=self._storage,
                study_name=_NAME,
                direction="maximize" if judging.higher_is_better else "minimize",
            )
            self.optuna.pruner = plan.make_pruner(judging.steps)
            self._keep(judging, plan)
            if plan.sampler == "tpe" and not self.trials:
                # The search begins where the author of the config would.
                self.optuna.enqueue_trial(space.default)

    def _keep(self, judging: Judging, plan: Plan) -> None:
        kept, given = self.optuna.user_attrs.get("judging"), judging.model_dump(mode="json")
        if kept is None:
            self.optuna.set_user_attr("judging", given)
        else:
            Judging(**kept).require(given, str(self.folder and self.folder.path))
        if self.optuna.user_attrs.get("plan") != plan.kept:
            self.optuna.set_user_attr("plan", plan.kept)

    @classmethod
    def kept(cls, folder: StudyFolder) -> tuple[Judging, dict[str, Any]] | None:
        """Return what a folder says of its study, and of the last plan; None if none has begun."""
        study = _loaded(open_journal(folder.journal)) if folder.has_study else None
        if study is None or "plan" not in study.user_attrs:  # of a process that was killed while it began
            return None
        return Judging(**study.user_attrs["judging"]), dict(study.user_attrs["plan"])

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other processes from beginning and ending trials."""
        with contextlib.nullcontext() if self._turns is None else self._turns:
            yield

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, in the order of their numbers."""
        return self.optuna.get_trials(deepcopy=False)

    @property
    def best(self) -> FrozenTrial | None:
        """The best of the trials that came to their end."""
        complete = [trial for trial in self.trials if trial.state is TrialState.COMPLETE]
        return self.optuna.best_trial if complete else None

    def required_best(self) -> FrozenTrial:
        """Return the best of the trials that came to their end.

        Raises
        ------
        OptiplugError
            If there is none.
        """
        best = self.best
        if best is None:
            words = Counter(map(word_for, self.trials))
            told = ", ".join(f"{count} {word}" for word, count in words.items()) or "none"
            problems = [each.user_attrs["problem"] for each in self.trials if "problem" in each.user_attrs]
            raise OptiplugError(
                "no trial came to its end",
                where="trials",
                received=told,
                hint=problems[-1] if problems else "",
            )
        return best

    def begin(self) -> Trial | None:
        """Take the next trial; None if there are as many as there should be."""
        with self.turn():
            self._take_back("lost")
            self._write_best()
            trials = self.trials
            waiting = any(trial.state is TrialState.WAITING for trial in trials)
            if not waiting and begun(trials) >= self.plan.trials:
                return None
            self.optuna.sampler = self.plan.sampler_for(len(trials))
            asked = self.optuna.ask()
            if self._claims is not None:
                self._claims.take(asked.number)
            return Trial(asked, self.space.values(asked), self.space)

    def finish(self, trial: Trial, value: float) -> None:
        """Tell the value of a trial that came to its end; one that is not finite has diverged."""
        if math.isfinite(value):
            self._end(trial, TrialState.COMPLETE, value)
        else:
            self.prune(trial, diverged=True)

    def prune(self, trial: Trial, *, diverged: bool = False) -> None:
        """Tell that a trial was not worth going on, or diverged.

        Both are worse than what came to its end, to samplers as well, which leave out those that failed.
        """
        self._end(trial, TrialState.PRUNED, ended="diverged" if diverged else "")

    def fail(self, trial: Trial, error: BaseException) -> None:
        """Tell that a trial could not be made: it counts, and is not made again."""
        problem = in_one_line(str(error) or type(error).__name__)[:_LONGEST_PROBLEM]
        trial.optuna.set_user_attr("problem", problem)
        self._end(trial, TrialState.FAIL, ended="failed")

    def take_back(self, ended: str = "interrupted") -> None:
        """Let the trials of processes that are gone be made again."""
        with self.turn():
            self._take_back(ended)

    def give_back(self, trial: Trial) -> None:
        """Let a trial that was interrupted be made again."""
        with self.turn():
            self._make_again(self.trials[trial.number], "interrupted")
            self._release(trial.number)

    def close(self) -> None:
        """Give back what this process still holds."""
        if self._claims is not None:
            self._claims.close()

    def _end(self, trial: Trial, state: TrialState, value: float | None = None, ended: str = "") -> None:
        with self.turn():
            # Another process may have taken it for lost, such as of a machine that was asleep.
            if self.trials[trial.number].state is TrialState.RUNNING:
                if ended:
                    trial.optuna.set_user_attr("ended", ended)
                self.optuna.tell(trial.optuna, value, state)
            self._write_best()
            self._release(trial.number)

    def _release(self, number: int) -> None:
        if self._claims is not None:
            self._claims.release(number)

    def _take_back(self, ended: str) -> None:
        if self._claims is None:
            return
        for trial in self.trials:
            if trial.state is TrialState.RUNNING and self._claims.take(trial.number):
                self._make_again(trial, ended)
                self._claims.release(trial.number)

    def _make_again(self, trial: FrozenTrial, ended: str) -> None:
        """Queue the values of a trial that runs no more, and say what became of it."""
        attempt = trial.user_attrs.get("attempt", 1) + (ended == "lost")
        queued = any(each.user_attrs.get("again") == trial.number for each in self.trials)
        if attempt <= _ATTEMPTS and not queued:
            # First: whoever is killed between these lines has lost nothing.
            self.optuna.enqueue_trial(trial.params, user_attrs={"again": trial.number, "attempt": attempt})
        # Optuna offers it for trials of this process only.
        self._storage.set_trial_user_attr(trial._trial_id, "ended", ended)  # noqa: SLF001
        self.optuna.tell(trial.number, state=TrialState.FAIL)

    def _write_best(self) -> None:
        best = self.best
        if self.folder is not None and best is not None and best.number != self._best:
            self.folder.write_best(self.space, best, self._provenance(best, self.folder))
            self._best = best.number

    def _provenance(self, trial: FrozenTrial, folder: StudyFolder) -> dict[str, object]:
        judging = self.judging
        of_task = {} if judging.task is None else {"task": json.dumps(judging.task)}
        return {
            "made by": folder.way_on,
            "trial": f"{trial.number}, of {begun(self.trials)} so far",
            judging.figure: f"{trial.value:.6g} on held-out data after {judging.steps} steps"
            if judging.steps
            else f"{trial.value:.6g}",
            **of_task,
        }


def begun(trials: list[FrozenTrial]) -> int:
    """Return how many trials there are, each counted once however often it was made again."""
    return sum("again" not in trial.user_attrs for trial in trials)


def _loaded(storage: BaseStorage) -> optuna.Study | None:
    try:
        return optuna.load_study(storage=storage, study_name=_NAME)
    except KeyError:
        return None
