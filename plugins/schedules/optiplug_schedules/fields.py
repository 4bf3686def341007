"""Field types that several schedules share."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from optiplug import ConfigError

__all__ = ["Boundaries", "Steps", "StepsOrZero"]

# float64 tells every whole number up to this one from its neighbours.
_MOST_STEPS = 2**53


def _strictly_increasing(boundaries: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(boundaries)):
        raise ConfigError("must be strictly increasing", received=boundaries)
    return boundaries


Steps: TypeAlias = Annotated[int, Field(ge=1, le=_MOST_STEPS)]
"""A number of steps, at least 1."""

StepsOrZero: TypeAlias = Annotated[int, Field(ge=0, le=_MOST_STEPS)]
"""A number of steps."""

Boundaries: TypeAlias = Annotated[tuple[Steps, ...], AfterValidator(_strictly_increasing)]
"""Steps at which something changes, each after the one before it."""
