"""Config of accumulate."""

from __future__ import annotations

from typing import Literal

from optiplug import PositiveInt, ProcessorConfig

__all__ = ["AccumulateConfig"]


class AccumulateConfig(ProcessorConfig):
    """Gradient accumulation: one step for the gradients of several calls. One state slot."""

    implementation = "optiplug_processors.accumulate:Accumulate"
    elementwise = True
    complex_variables = True
    paper = "Ott, Edunov, Grangier and Auli 2018, Scaling Neural Machine Translation, arXiv:1806.00187"
    example = {"steps": 2}

    steps: PositiveInt
    """Number of calls per step; 1 is no accumulation."""
    reduction: Literal["mean", "sum"] = "mean"
    """Whether gradients of the calls are averaged or summed."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for a sum."""
        reason = "elements count as at most 4e37 over the number of calls: larger sums overflow"
        return {"same_at_every_size_of_gradients": reason}
