"""The protocol: what every row of the leaderboard is measured by. Nothing here imports TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from optiplug import TaskConfig, registry
from optiplug.document import read

__all__ = ["PROTOCOL", "Protocol", "Workload"]

PROTOCOL = Path(__file__).with_name("protocol.yaml")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Workload(_Part):
    """A task with its batch, the figure that is judged, and the budget in steps."""

    task: dict[str, Any]
    figure: str
    higher_is_better: bool
    batch_size: PositiveInt
    steps: PositiveInt
    evaluate_every: PositiveInt

    @model_validator(mode="after")
    def _whole_evaluations(self) -> Workload:
        if any(steps % self.evaluate_every for steps in (self.steps, *map(self.part, (0.75, 1.5)))):
            raise ValueError("evaluate_every must divide the budget, and 0.75 and 1.5 times it")
        return self

    def config(self) -> TaskConfig:
        """Return the config of the task."""
        named = dict(self.task)
        config: TaskConfig = registry.get("tasks", named.pop("use"))(**named)
        return config

    def part(self, share: float) -> int:
        """Return so much of the budget, in steps."""
        return round(self.steps * share)

    def better(self, first: float, second: float) -> bool:
        """Say whether the first value of the figure is better than the second; a NaN never is."""
        return first > second if self.higher_is_better else first < second

    def reached(self, value: float, target: float) -> bool:
        """Say whether a value of the figure is the target or better; a NaN is not."""
        return value == target or self.better(value, target)


class Search(_Part):
    """How the baselines are tuned that set the targets: trials, each with this seed, then repeats."""

    rows: tuple[str, ...]
    trials: PositiveInt
    seed: int
    repeats: tuple[int, ...]
    share: float = Field(gt=0, le=1)


class Tuned(_Part):
    """Track A: studies of some trials each; `seeds` has a seed of the runs for each study."""

    trials: PositiveInt
    seeds: tuple[int, ...]


class Fixed(_Part):
    """Track B: one setting for all workloads, with each of the seeds, and a multiple of the budget."""

    seeds: tuple[int, ...]
    share: float = Field(ge=1)


class Protocol(_Part):
    """Workloads and rules; results of one version are comparable."""

    version: PositiveInt
    reference: str
    workloads: Mapping[str, Workload]
    targets: Search
    tuned: Tuned
    fixed: Fixed

    def longest(self, workload: Workload) -> int:
        """Return the steps of the longest run on a workload."""
        return max(workload.part(share) for share in (self.targets.share, 1.0, self.fixed.share))

    @classmethod
    def read(cls, path: Path = PROTOCOL) -> Protocol:
        """Read a protocol file."""
        return cls.model_validate(read(path).data)
