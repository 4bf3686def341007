"""What is known of a comparison, as results.json keeps it: who draws or counts reads nothing else."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

__all__ = ["Comparison", "Figure", "Number", "Pair", "Points", "Row", "RunRecord"]


def _number(value: Any) -> Any:
    return math.nan if value is None else value


Number = Annotated[
    float,
    BeforeValidator(_number),
    PlainSerializer(lambda value: value if math.isfinite(value) else None, when_used="json"),
]
"""A number that may be NaN, for which JSON has null."""

Points = tuple[tuple[int, Number], ...]
"""Values by step."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Record):
    """What runs are judged by: a figure on held-out data, or the training loss.

    `target` is the value that a run should reach within its steps; None if nobody has said.
    """

    name: str
    higher_is_better: bool = False
    target: float | None = None


class RunRecord(_Record):
    """A run, also one that diverged or failed.

    `losses` are means of the training loss since the point before, `figures` those on held-out data, and
    `final` those of the finalized variables. `seconds` is the time of its steps, the first left out, which
    compiles; `ms_per_step` their median.
    """

    seed: int
    rate_factor: float = 1.0
    folder: str
    ended: Literal["done", "diverged", "failed", "running"] = "done"
    problem: str = ""
    losses: Points = ()
    figures: dict[str, Points] = {}
    final: dict[str, Number] = {}
    seconds: float | None = None
    ms_per_step: float | None = None


class Row(_Record):
    """An optimizer: its config with every default, its runs, and the command that repeats one of them.

    The runs with a `rate_factor` of 1 are those that are judged, a seed each; the others tell how much
    depends on the learning rate.
    """

    name: str
    config: dict[str, Any]
    command: str
    parameters: int
    state_bytes: int
    runs: tuple[RunRecord, ...]


class Pair(_Record):
    """Two rows that were judged against each other, over the same seeds.

    `difference` is the mean of the first's final figure less that of the second; `p_value` the probability
    of one as large if there were none, corrected for the number of pairs.
    """

    first: str
    second: str
    difference: Number
    p_value: Number


class Comparison(_Record):
    """All that a page, its pictures and a table are made of."""

    format: Literal[1] = 1
    title: str
    task: dict[str, Any]
    figure: Figure
    steps: int
    batch_size: int
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...] = ()
    versions: dict[str, str] = {}
    made: str = ""
