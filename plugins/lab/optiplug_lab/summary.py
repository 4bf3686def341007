"""How a run ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    `final` are the figures of the variables as they were finalized, `trained` as the last step left them,
    `last` the last of each column of metrics.csv. `seconds` and `steps_per_second`, which leaves the first
    step out, are those of the process that ended the run; None if it took no step or only one.
    """

    steps: int
    final: Mapping[str, float]
    trained: Mapping[str, float]
    last: Mapping[str, float]
    seconds: float
    steps_per_second: float | None
    devices: list[str]
    task: str
    optimizer: str
    seed: int

    def as_json(self) -> dict[str, object]:
        """Return it for programs: JSON has no NaN, for which None stands."""
        return {"format": 1, **_finite(asdict(self))}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
