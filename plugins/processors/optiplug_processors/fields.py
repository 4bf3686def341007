"""Field types that several processors share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

__all__ = ["Axes", "Seed"]

Axes: TypeAlias = int | Annotated[tuple[int, ...], Field(min_length=1)]
"""An axis, or several."""

Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
"""A number that chooses a stream of random numbers."""
