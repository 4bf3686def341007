"""Config of partition."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field, field_validator

from optiplug import ConfigError, OptimizerConfig, Scalar, Selection

__all__ = ["Group", "PartitionConfig"]


class Group(Selection):
    """Some variables, and the optimizer that updates them."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Name of the group: what the state of its optimizer is named after."""
    optimizer: OptimizerConfig
    """The optimizer, with its learning rate, weight decay, clips and processors for these variables only."""

    @field_validator("optimizer")
    @classmethod
    def _its_own(cls, optimizer: OptimizerConfig) -> OptimizerConfig:
        # Groups may be given one config, and then set their rates apart.
        return optimizer.model_copy()


class PartitionConfig(OptimizerConfig):
    """A different optimizer for each group of variables, in one step; the state is theirs."""

    implementation = "optiplug_partition.partition:Partition"
    complex_variables = True
    paper = "None: the groups of torch.optim, and `partition` of optax, by the paths of variables"
    example = {
        "groups": [
            {"name": "matrices", "min_ndim": 2, "optimizer": {"use": "sgd", "momentum": 0.9}},
            {"name": "rest", "optimizer": "adam"},
        ]
    }

    groups: tuple[Group, ...]
    """The groups in order: a variable belongs to the first that selects it."""

    @field_validator("groups")
    @classmethod
    def _names_differ(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        if not groups:
            raise ConfigError("there must be at least one group")
        twice = [name for name, count in Counter(group.name for group in groups).items() if count > 1]
        if twice:
            raise ConfigError("each group must have a name of its own", received=twice)
        return groups

    @field_validator("weight_decay")
    @classmethod
    def _decay_of_each(cls, value: Scalar | None) -> Scalar | None:
        if value not in (None, 0):
            hint = "give it to the optimizer of each group"
            raise ConfigError("a partition has no variable of its own to decay", received=value, hint=hint)
        return value
