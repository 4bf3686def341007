"""The rows of the leaderboard: for each an optimizer with ranges, and how its learning rates change."""

from __future__ import annotations

import functools
import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from pydantic import BaseModel, ConfigDict, Field

from optiplug import OptimizerConfig, registry
from optiplug.document import read
from optiplug_tune.space import Space, space_of

__all__ = ["ROWS", "Row", "Values"]

ROWS = Path(__file__).with_name("rows")
Values = Mapping[str, Any]


class Row(BaseModel):
    """What a row's file says; the name of the file is that of the row.

    `optimizer` is a config with ranges, as `optiplug tune` reads them; the `default` of a range, or its
    middle, is the setting of track B. In the first `warmup` of the steps learning rates rise, and from there
    they fall as a cosine does, unless `decay` says none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    optimizer: dict[str, Any]
    warmup: float = Field(0.05, ge=0, lt=1)
    decay: Literal["cosine", "none"] = "cosine"

    @classmethod
    def read(cls, name: str, folder: Path = ROWS) -> Row:
        """Read the file of a row."""
        return cls(name=name, **read(folder / f"{name}.yaml").data)

    @functools.cached_property
    def space(self) -> Space:
        """The ranges."""
        return space_of(self.optimizer)

    @functools.cached_property
    def digest(self) -> str:
        """What tells that the file of the row is what it was, but for what it is about."""
        text = json.dumps([self.optimizer, self.warmup, self.decay], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def points(self, count: int, seed: int) -> list[Values]:
        """Return the first points of the quasi-random sequence of a seed: Sobol's, scrambled."""
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                sampler = optuna.samplers.QMCSampler(
                    seed=seed, warn_independent_sampling=False, scramble=True
                )
            study = optuna.create_study(sampler=sampler)
            # The first trial of a study is drawn apart from the sequence, as no range is known before it.
            return [self.space.values(study.ask()) for _ in range(count + 1)][1:]
        finally:
            optuna.logging.set_verbosity(verbosity)

    def config(self) -> OptimizerConfig:
        """Return the config of track B without a schedule."""
        plain = self.space.config(self.space.default)
        config: OptimizerConfig = registry.get("optimizers", plain.pop("use"))(**plain)
        return config

    def plain(self, values: Values, steps: int) -> dict[str, Any]:
        """Return the plain config of an optimizer with these values, for a run of so many steps."""
        return self._scheduled(self.space.config(values), steps)

    def _scheduled(self, optimizer: Mapping[str, Any], steps: int) -> dict[str, Any]:
        return {
            name: self._rate(value, steps)
            if name == "learning_rate"
            else self._scheduled(value, steps)
            if isinstance(value, Mapping) and "learning_rate" in value
            else value
            for name, value in optimizer.items()
        }

    def _rate(self, peak: float, steps: int) -> Any:
        rising = round(self.warmup * steps)
        # Not from 0, so that no step is lost.
        first = {"initial_learning_rate": peak / rising} if rising else {"initial_learning_rate": peak}
        if self.decay == "none":
            return {"use": "warmup", "schedule": peak, "warmup_steps": rising, **first} if rising else peak
        rise = {"warmup_target": peak, "warmup_steps": rising} if rising else {}
        return {"use": "cosine", "decay_steps": steps - rising, **first, **rise}


def names(folder: Path = ROWS) -> Sequence[str]:
    """Return the names of all rows, in the order of the alphabet."""
    return sorted(path.stem for path in folder.glob("*.yaml"))
