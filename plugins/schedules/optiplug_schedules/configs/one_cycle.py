"""Config of one_cycle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, Number, PositiveFloat, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["OneCycleConfig"]


class OneCycleConfig(ScheduleConfig):
    """One-cycle policy: cosine annealing up to a peak, then down to almost nothing."""

    implementation = "optiplug_schedules.one_cycle:OneCycle"
    paper = (
        "Smith and Topin 2017, Super-Convergence: Very Fast Training of Neural Networks Using Large "
        "Learning Rates, arXiv:1708.07120"
    )
    example = {"peak_learning_rate": 0.1, "total_steps": 1000}

    peak_learning_rate: NonNegativeFloat
    """Peak value."""
    total_steps: Steps
    """Number of steps of the cycle; the final value holds from then on."""
    pct_start: Annotated[float, Number(gt=0, lt=1, schedule=False)] = 0.3
    """Fraction of the steps on the way up; the peak is at step ``int(pct_start * total_steps)``."""
    div_factor: PositiveFloat = 25.0
    """Ratio of the peak and the initial value."""
    final_div_factor: PositiveFloat = 10000.0
    """Ratio of the initial and the final value."""
    shape: Literal["cosine", "linear"] = "cosine"
    """Shape of the way between two values: half a cosine wave, or linear, with a phase more at the end."""
    pct_final: Annotated[float, Number(gt=0, lt=1, schedule=False)] = 0.85
    """Fraction of the steps until the initial value is reached again, with `shape` linear."""

    @field_validator("pct_final")
    @classmethod
    def _after_the_peak(cls, final: float, info: ValidationInfo) -> float:
        shape, steps = info.data.get("shape"), info.data.get("total_steps")
        if shape == "cosine" and final != cls.model_fields["pct_final"].default:
            raise ConfigError("goes together with shape: linear", received=final)
        if shape == "linear" and steps and "pct_start" in info.data:
            peak = int(info.data["pct_start"] * steps)
            if int(final * steps) <= peak:
                hint = f"of {steps} steps the peak is at step {peak}"
                raise ConfigError("must be a step or more after the peak", received=final, hint=hint)
        return final
