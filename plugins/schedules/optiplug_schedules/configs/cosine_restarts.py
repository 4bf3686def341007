"""Config of cosine_restarts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from optiplug import ConfigError, NonNegativeFloat, Number, PositiveFloat, ScheduleConfig, UnitFloat
from optiplug_schedules.fields import Duration

__all__ = ["CosineRestartsConfig"]

# A period that grows more slowly would make a table of more than 30,000 periods.
_SLOWEST_GROWTH = 1.001


def _one_or_growing(growth: float) -> float:
    if 1 < growth < _SLOWEST_GROWTH:
        raise ConfigError(f"must be 1 (periods of equal length) or >= {_SLOWEST_GROWTH}", received=growth)
    return growth


class CosineRestartsConfig(ScheduleConfig):
    """Cosine decay with warm restarts, in periods of constant or growing length."""

    implementation = "optiplug_schedules.cosine_restarts:CosineDecayRestarts"
    paper = (
        "Loshchilov and Hutter 2017, SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv:1608.03983"
    )
    example = {"initial_learning_rate": 0.1, "first_decay_steps": 1000}

    initial_learning_rate: NonNegativeFloat
    """Value at step 0."""
    first_decay_steps: Duration
    """Number of steps of the first period."""
    t_mul: Annotated[float, Number(ge=1, le=1000, schedule=False), AfterValidator(_one_or_growing)] = 2.0
    """Ratio of the lengths of a period and the one before: 1, or 1.001 to 1000."""
    m_mul: PositiveFloat = 1.0
    """Ratio of the initial values of a period and the one before."""
    alpha: UnitFloat = 0.0
    """Final value of a period, as a fraction of the initial value."""
