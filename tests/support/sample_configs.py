"""Configs with a field of every kind; tests register them by the names `decay`, `chain` and `sample`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from optiplug import NonNegativeScalar, OptimizerConfig, PositiveInt, ScheduleConfig

__all__ = ["Chain", "Decay", "Sample"]


class Decay(ScheduleConfig):
    """Fall with the step.

    More about it.
    """

    implementation = "nowhere:Decay"

    rate: Annotated[float, Field(gt=0)]
    """How fast."""
    steps: PositiveInt = 10


class Chain(ScheduleConfig):
    """One schedule after another."""

    implementation = "nowhere:Chain"

    schedules: tuple[ScheduleConfig, ...]
    boundaries: tuple[int, ...] = ()
    last: ScheduleConfig | None = None


class Sample(OptimizerConfig):
    """A sample."""

    implementation = "fake_missing.module:Sample"

    learning_rate: NonNegativeScalar = 0.1
    mode: Literal["fast", "slow"] = "fast"
    either: int | Literal["auto"] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    inner: OptimizerConfig | None = None
