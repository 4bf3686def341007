"""Config of inverse_sqrt."""

from __future__ import annotations

from optiplug import NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["InverseSqrtConfig"]


class InverseSqrtConfig(ScheduleConfig):
    """Linear warmup, then decay with the inverse square root of the step."""

    implementation = "optiplug_schedules.inverse_sqrt:InverseSqrt"
    paper = "Vaswani et al. 2017, Attention Is All You Need, arXiv:1706.03762"
    example = {"peak_learning_rate": 0.1}

    peak_learning_rate: NonNegativeFloat
    """Peak value, at step ``warmup_steps - 1``."""
    warmup_steps: Steps = 4000
    """Number of steps of the warmup, the one at the peak included; 1 is none."""
