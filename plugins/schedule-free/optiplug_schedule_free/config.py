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
    """Averaging in place of momentum and of a decreasing learning rate. One state slot."""

    paper = (
        "Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, The Road Less Scheduled, "
        "arXiv:2405.15682"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1.0
    """Step size of the sequence that is averaged."""
    beta_1: Annotated[float, Number(gt=0, le=1, schedule=False)] = 0.9
    """How far from that sequence towards its average gradients are taken, above 0 and up to 1."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold as the variables follow z, whose steps have a warm-up of their own."""
        reason = "decay is a part of the steps of z, and so of their warm-up"
        return {"weight_decay_is_decoupled": reason} if getattr(self, "warmup_steps", 0) else {}


class ScheduleFreeSGDConfig(ScheduleFreeConfig):
    """Gradient descent with averaging in place of momentum and of a schedule. One state slot."""

    implementation = "optiplug_schedule_free.sgd:ScheduleFreeSGD"

    warmup_steps: NonNegativeInt = 0
    """The learning rate, be it a number or a schedule, grows linearly over so many steps."""
    weight_lr_power: NonNegativeFloat = 2.0
    """The average weighs a step by the largest learning rate so far to this power; 0: all alike."""


class ScheduleFreeAdamWConfig(ScheduleFreeConfig):
    """AdamW with averaging in place of momentum and of a schedule. Two state slots."""

    implementation = "optiplug_schedule_free.adamw:ScheduleFreeAdamW"

    learning_rate: NonNegativeScalar = 0.0025
    """Step size of the sequence that is averaged: close to the largest change of an element of it."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-8
    """Added to the root of the second moment, after its bias correction."""
    warmup_steps: NonNegativeInt = 0
    """The learning rate, be it a number or a schedule, grows linearly over so many steps."""
    weight_lr_power: NonNegativeFloat = 2.0
    """The average weighs a step by the largest learning rate so far to this power; 0: all alike."""
