"""Config of cosine."""

from __future__ import annotations

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, PositiveFloat, ScheduleConfig, UnitFloat
from optiplug_schedules.fields import Duration, Time

__all__ = ["CosineConfig"]


class CosineConfig(ScheduleConfig):
    """Cosine decay, with an optional linear warmup."""

    implementation = "optiplug_schedules.cosine:CosineDecay"
    paper = (
        "Loshchilov and Hutter 2017, SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv:1608.03983"
    )
    example = {"initial_learning_rate": 0.1, "decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0: where the decay starts, or the warmup if there is one."""
    decay_steps: Duration
    """Number of steps of the decay, counted from the end of the warmup."""
    alpha: UnitFloat = 0.0
    """Final value, as a fraction of the value at which the decay starts."""
    warmup_target: NonNegativeFloat | None = None
    """Value at which the warmup ends and the decay starts; goes together with `warmup_steps`."""
    warmup_steps: Time = 0
    """Number of steps of the warmup, before the decay; goes together with `warmup_target`."""

    exponent: PositiveFloat = 1.0
    """Power of the cosine; above 1 it falls sooner."""

    @field_validator("warmup_steps")
    @classmethod
    def _target_and_steps(cls, steps: float, info: ValidationInfo) -> float:
        if "warmup_target" in info.data and (info.data["warmup_target"] is None) != (steps == 0):
            raise ConfigError(
                "goes together with warmup_target", received=steps, hint="give both for a warmup, or neither"
            )
        return steps
