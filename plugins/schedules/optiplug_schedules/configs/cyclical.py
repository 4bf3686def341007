"""Config of cyclical."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeFloat, Number, ScheduleConfig
from optiplug_schedules.fields import Steps

__all__ = ["CyclicalConfig"]


class CyclicalConfig(ScheduleConfig):
    """Triangular cyclical learning rate, with a constant or decaying amplitude."""

    implementation = "optiplug_schedules.cyclical:Cyclical"
    paper = "Smith 2017, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186"
    example = {"initial_learning_rate": 0.01, "maximal_learning_rate": 0.1, "step_size": 1000}

    initial_learning_rate: NonNegativeFloat
    """Lower bound: the value at step 0 and at the end of each cycle."""
    maximal_learning_rate: NonNegativeFloat
    """Upper bound: the value in the middle of the first cycle."""
    step_size: Steps
    """Number of steps of half a cycle; the paper advises 2 to 10 times those of an epoch."""
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    """Amplitude: constant, halved after each cycle, or decaying by `gamma` at each step."""
    gamma: Annotated[float, Number(gt=0, le=1, schedule=False)] = 1.0
    """Decay rate of the amplitude per step, with `mode` exp_range."""

    @field_validator("gamma")
    @classmethod
    def _only_with_exp_range(cls, gamma: float, info: ValidationInfo) -> float:
        if gamma != 1 and info.data.get("mode", "exp_range") != "exp_range":
            raise ConfigError("goes together with mode: exp_range", received=gamma)
        return gamma
