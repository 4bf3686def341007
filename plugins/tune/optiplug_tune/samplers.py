"""What chooses the values of the next trial, and what ends a trial early."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, WilcoxonPruner
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler

from optiplug import ConfigError
from optiplug.errors import nearest

from .config import SamplerName

__all__ = ["Plan"]

_SAMPLERS: tuple[str, ...] = get_args(SamplerName)
# The part of the steps before which the median ends nothing: one third.
_WARM_UP = 3


@dataclass(frozen=True)
class Plan:
    """How a process takes part in a study.

    What it chooses for a trial depends on the trials before and on the seed, and not on which process asks.

    Parameters
    ----------
    trials
        Trials of the study, over all processes.
    sampler, pruner
        By name, or an object of Optuna's.
    seed
        Decides what samplers draw.

    Raises
    ------
    ConfigError
        If there is no sampler of this name.
    """

    trials: int = 30
    sampler: str | BaseSampler = "tpe"
    pruner: str | BasePruner = "wilcoxon"
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.sampler, str) and self.sampler not in _SAMPLERS:
            hint = nearest(self.sampler, _SAMPLERS)
            rule = f"must be {', '.join(_SAMPLERS)} or an object of Optuna's"
            raise ConfigError(rule, where="sampler", received=self.sampler, hint=hint)

    @property
    def kept(self) -> dict[str, object]:
        """What a study keeps of it, for who goes on with it and says nothing else."""
        return {
            "trials": self.trials,
            "seed": self.seed,
            "sampler": self.sampler_name,
            "pruner": self.pruner_name,
        }

    @property
    def sampler_name(self) -> str:
        """The name of what chooses the values."""
        return self.sampler if isinstance(self.sampler, str) else type(self.sampler).__name__

    @property
    def pruner_name(self) -> str:
        """The name of what ends a trial early."""
        return self.pruner if isinstance(self.pruner, str) else type(self.pruner).__name__

    def sampler_for(self, number: int) -> BaseSampler:
        """Return what chooses the values of a trial."""
        if isinstance(self.sampler, BaseSampler):
            return self.sampler
        if self.sampler == "qmc":
            # One sequence for the whole study, whose place in it is in the journal.
            with _of_what_is_new():
                return QMCSampler(scramble=True, seed=self.seed)
        drawn = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        return TPESampler(seed=drawn) if self.sampler == "tpe" else RandomSampler(seed=drawn)

    def make_pruner(self, steps: int) -> BasePruner:
        """Return what ends a trial early, whose runs have so many steps."""
        if isinstance(self.pruner, BasePruner):
            return self.pruner
        if self.pruner == "median":
            return MedianPruner(n_startup_trials=5, n_warmup_steps=-(-steps // _WARM_UP))
        if self.pruner == "none":
            return NopPruner()
        with _of_what_is_new():
            return WilcoxonPruner()


@contextlib.contextmanager
def _of_what_is_new() -> Iterator[None]:
    """Let Optuna not warn that its interface may change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
