"""Config of warmup."""

from __future__ import annotations

from optiplug import NonNegativeFloat, NonNegativeScalar, PositiveFloat, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["WarmupConfig"]


class WarmupConfig(ScheduleConfig):
    """Linear or polynomial warmup to any schedule or number, which takes over from there."""

    implementation = "optiplug_schedules.warmup:Warmup"
    paper = "Goyal et al. 2017, Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, arXiv:1706.02677"
    example = {"schedule": 0.1, "warmup_steps": 100}

    schedule: NonNegativeScalar
    """Schedule after the warmup, or a number."""
    warmup_steps: Steps
    """Number of steps of the warmup."""
    initial_learning_rate: NonNegativeFloat = 0.0
    """Value at step 0."""
    power: PositiveFloat = 1.0
    """Power of the fraction of the warmup that has passed: 1 is linear, 2 a parabola."""
    shift: bool = True
    """Whether step 0 of the schedule is the end of the warmup; else the warmup lies over its first steps."""
