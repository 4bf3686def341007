"""What can be said of a training run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from optiplug import CommandConfig, ConfigError, OptimizerConfig, PositiveInt, TaskConfig

from .patterns import unmatched

__all__ = ["INPUTS", "MULTI_WORKER", "WITHOUT_EFFECT", "Strategy", "TrainConfig"]

INPUTS = ("config", "data", "versions", "replicas", "device")
"""What decides the numbers of a run, in sections: a run goes on with the same, unless a change is allowed."""

WITHOUT_EFFECT = (
    *("steps", "log_every", "evaluate_every", "checkpoint_every"),
    *("versions", "strategy", "plugins"),
)
"""Fields that do not decide the numbers of a step; of the strategy that is the number of replicas."""

MULTI_WORKER = "multi_worker"
"""The strategy of several processes, which TF_CONFIG tells of each other."""

Strategy = (
    Literal["none", "multi_worker"] | Annotated[dict[Literal["mirrored"], PositiveInt], Field(min_length=1)]
)


class TrainConfig(CommandConfig):
    """Train a task with an optimizer, into a run folder that can be continued bit for bit.

    >>> TrainConfig(task={"use": "digits"}, optimizer={"use": "sgd"}, steps=10).batch_size
    128
    """

    implementation = "optiplug_lab.command:train"
    example = {"task": {"use": "digits"}, "optimizer": {"use": "sgd"}, "steps": 100}
    record = "versions"

    task: TaskConfig
    """What is learnt."""
    optimizer: OptimizerConfig
    """What learns it."""
    steps: PositiveInt
    """Number of calls of the optimizer."""
    batch_size: Annotated[int, Field(ge=1, lt=2**31)] = 128
    """Examples per step, over all devices."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Decides initial values and the order of the data."""
    strategy: Strategy = "none"
    """`none`: one device; `{mirrored: N}`: N devices, each with an equal part of every batch.

    GPUs, if there are as many, else the CPU, which is divided into N logical devices. `multi_worker`: the
    workers that TF_CONFIG names, each a process that runs this config, with all its GPUs, or its CPU."""
    log_every: PositiveInt = 20
    """Steps after which the values of these steps are read from the device and written to metrics.csv."""
    evaluate_every: PositiveInt = 100
    """Steps between two evaluations on held-out data; start and end are evaluated too."""
    checkpoint_every: PositiveInt = 200
    """Steps between two checkpoints; the end is saved too."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Distributions that a run was made with; written to its config.yaml, otherwise without effect."""

    @property
    def devices(self) -> int | None:
        """Number of replicas; None with `multi_worker`: those of all workers."""
        if isinstance(self.strategy, dict):
            return self.strategy["mirrored"]
        return None if self.strategy == MULTI_WORKER else 1

    @field_validator("optimizer")
    @classmethod
    def _patterns_match(cls, optimizer: OptimizerConfig, info: ValidationInfo) -> OptimizerConfig:
        task = info.data.get("task")
        shapes = None if task is None else task.shapes()
        problems = [] if shapes is None else unmatched(optimizer, shapes)
        if problems:
            raise ConfigError(problems)
        return optimizer

    @field_validator("strategy", mode="wrap")
    @classmethod
    def _equal_shares(
        cls, value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        try:
            strategy = validate(value)
        except ValidationError:
            rule = "must be `none` or `{mirrored: N}` with N >= 1 or `multi_worker`"
            raise ConfigError(rule, received=value) from None
        batch_size = info.data.get("batch_size")
        if isinstance(strategy, dict) and batch_size is not None and batch_size % strategy["mirrored"]:
            raise ConfigError(f"must divide the batch of {batch_size} into equal shares", received=value)
        return strategy
