"""Field types that several schedules share."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo

from optiplug import ConfigError, NonNegativeFloat, Number

__all__ = ["Boundaries", "BoundedValues", "Duration", "Steps", "StepsOrZero", "Time", "Times"]

# float64 tells every whole number up to this one from its neighbours.
_MOST_STEPS = 2**53


def _strictly_increasing(boundaries: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= earlier for earlier, later in pairwise(boundaries)):
        raise ConfigError("must be strictly increasing", received=boundaries)
    return boundaries


def _one_more_than_boundaries(values: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
    boundaries = info.data.get("boundaries")
    if boundaries is not None and len(values) != len(boundaries) + 1:
        raise ConfigError("must have one item more than boundaries", received=values)
    return values


def _whole_if_it_is(steps: float) -> float:
    return int(steps) if steps.is_integer() else steps


Steps: TypeAlias = Annotated[int, Field(ge=1, le=_MOST_STEPS)]
"""A number of steps, at least 1."""

StepsOrZero: TypeAlias = Annotated[int, Field(ge=0, le=_MOST_STEPS)]
"""A number of steps."""

Boundaries: TypeAlias = Annotated[tuple[Steps, ...], AfterValidator(_strictly_increasing)]
"""Steps at which something changes, each after the one before it."""

Duration: TypeAlias = Annotated[
    float, Number(gt=0, le=_MOST_STEPS, schedule=False), AfterValidator(_whole_if_it_is)
]
"""A number of steps, above 0, which need not be whole."""

Time: TypeAlias = Annotated[
    float, Number(ge=0, le=_MOST_STEPS, schedule=False), AfterValidator(_whole_if_it_is)
]
"""A number of steps, which need not be whole."""

Times: TypeAlias = Annotated[tuple[Time, ...], AfterValidator(_strictly_increasing)]
"""Steps, or times between two of them, each after the one before it."""

BoundedValues: TypeAlias = Annotated[tuple[NonNegativeFloat, ...], AfterValidator(_one_more_than_boundaries)]
"""Values >= 0 of a config that has `boundaries` before them, one more than those."""
