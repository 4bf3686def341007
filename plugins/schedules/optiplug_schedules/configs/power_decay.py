"""Config of power_decay."""

from __future__ import annotations

from typing import Annotated

from optiplug import NonNegativeFloat, Number, ScheduleConfig
from optiplug_schedules.fields import StepsOrZero

__all__ = ["PowerDecayConfig"]


class PowerDecayConfig(ScheduleConfig):
    """Decay with a power of the step."""

    implementation = "optiplug_schedules.power_decay:PowerDecay"
    paper = "None: DirectPowerDecay and PowerDecayWithOffset of the TensorFlow Model Garden"
    example = {"initial_learning_rate": 0.1, "power": -0.5}

    initial_learning_rate: NonNegativeFloat
    """Value at step ``offset + 1``, where the power is 1; without an offset at step 0, too."""
    power: Annotated[float, Number(schedule=False)]
    """Power of the step: -0.5 is the inverse square root, above 0 the value grows."""
    offset: StepsOrZero = 0
    """Number of steps before the decay."""
    pre_offset_learning_rate: NonNegativeFloat | None = None
    """Value up to and with step `offset`, and the highest one after it; None: the initial value, no bound."""
