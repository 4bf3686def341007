"""Configs of schedule_free_adamw and schedule_free_sgd."""

from __future__ import annotations

from typing import Annotated

from optiplug import (
    BelowOneScalar,
    NonNegativeFloat,
    NonNegativeInt,
    NonNegativeScalar,
    Number,
    OptimizerConfig,
    PositiveFloat,
)

__all__ = ["ScheduleFreeAdamWConfig", "ScheduleFreeConfig", "ScheduleFreeSGDConfig"]


class ScheduleFreeConfig(OptimizerConfig):
    """Iterate averaging in place of momentum and of a decreasing learning rate. One state slot."""

    paper = (
        "Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, The Road Less Scheduled, "
        "arXiv:2405.15682"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1.0
    """Step size of the sequence that is averaged."""
    beta_1: Annotated[float, Number(gt=0, le=1, schedule=False)] = 0.9
    """Interpolation weight of the average in the point where gradients are evaluated."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold as the variables follow z, whose steps have a warmup of their own."""
        follows = {"proposes_its_updates": "variables follow z, which is rounded to its dtype"}
        reason = "decay is a part of the steps of z, and so of their warmup"
        return follows | ({"weight_decay_is_decoupled": reason} if getattr(self, "warmup_steps", 0) else {})


class ScheduleFreeSGDConfig(ScheduleFreeConfig):
    """SGD with iterate averaging in place of momentum and of a schedule. One state slot."""

    implementation = "optiplug_schedule_free.sgd:ScheduleFreeSGD"

    warmup_steps: NonNegativeInt = 0
    """Number of steps of a linear warmup of the learning rate."""
    weight_lr_power: NonNegativeFloat = 2.0
    """Exponent of the largest learning rate so far in the weights of the average; 0: all alike."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for z, which is a sum of gradients."""
        reason = "elements of a gradient count as at most 2e28: sums of larger ones overflow"
        return {**super().exemptions, "same_at_every_size_of_gradients": reason}


class ScheduleFreeAdamWConfig(ScheduleFreeConfig):
    """AdamW with iterate averaging in place of momentum and of a schedule. Two state slots."""

    implementation = "optiplug_schedule_free.adamw:ScheduleFreeAdamW"
    passes = {"the direction, written to memory for z and for the variable": 5}

    learning_rate: NonNegativeScalar = 0.0025
    """Step size of the averaged sequence, close to the largest change of an element of it."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    warmup_steps: NonNegativeInt = 0
    """Number of steps of a linear warmup of the learning rate."""
    weight_lr_power: NonNegativeFloat = 2.0
    """Exponent of the largest learning rate so far in the weights of the average; 0: all alike."""
