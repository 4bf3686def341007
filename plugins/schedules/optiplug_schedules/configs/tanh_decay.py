"""Config of tanh_decay."""

from __future__ import annotations

from typing import Annotated

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, Number, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["TanhDecayConfig"]


class TanhDecayConfig(ScheduleConfig):
    """Decay along a part of the hyperbolic tangent: slow, then fast, then slow again."""

    implementation = "optiplug_schedules.tanh_decay:TanhDecay"
    paper = (
        "Hsueh, Li and Wu 2019, Stochastic Gradient Descent with Hyperbolic-Tangent Decay on Classification, "
        "arXiv:1806.01593"
    )
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value from which the decay starts, all but 0.0006 % of it at step 0 with the default `lower`."""
    decay_steps: Steps
    """Number of steps of the decay."""
    lower: Annotated[float, Number(schedule=False)] = -6.0
    """Where on the tangent the decay starts: the lower, the longer it stays high."""
    upper: Annotated[float, Number(schedule=False)] = 3.0
    """Where it ends, above `lower`: the higher, the smaller the last value."""

    @field_validator("upper")
    @classmethod
    def _above_lower(cls, upper: float, info: ValidationInfo) -> float:
        if "lower" in info.data and upper <= info.data["lower"]:
            raise ConfigError("must be > lower", received=upper)
        return upper
