"""Config of tanh_decay."""

from __future__ import annotations

from typing import Annotated

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, Number, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["TanhDecayConfig"]


class TanhDecayConfig(ScheduleConfig):
    """Hyperbolic-tangent decay: slow, then fast, then slow again."""

    implementation = "optiplug_schedules.tanh_decay:TanhDecay"
    paper = (
        "Hsueh, Li and Wu 2019, Stochastic Gradient Descent with Hyperbolic-Tangent Decay on Classification, "
        "arXiv:1806.01593"
    )
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Initial value, reached but for 0.0006 % at step 0 with the default `lower`."""
    decay_steps: Steps
    """Number of steps of the decay."""
    lower: Annotated[float, Number(schedule=False)] = -6.0
    """Lower bound of the argument of the tangent, where the decay starts."""
    upper: Annotated[float, Number(schedule=False)] = 3.0
    """Upper bound of the argument, where the decay ends; the higher, the smaller the final value."""

    @field_validator("upper")
    @classmethod
    def _above_lower(cls, upper: float, info: ValidationInfo) -> float:
        if "lower" in info.data and upper <= info.data["lower"]:
            raise ConfigError("must be > lower", received=upper)
        return upper
