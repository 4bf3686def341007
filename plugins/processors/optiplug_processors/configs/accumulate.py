"""Config of accumulate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from optiplug import ConfigError, Number, ProcessorConfig, Scalar

__all__ = ["AccumulateConfig"]


def _whole(steps: Scalar) -> Scalar:
    if not isinstance(steps, float):
        return steps
    if not steps.is_integer():
        raise ConfigError("must be a whole number or a schedule", received=steps)
    return int(steps)


class AccumulateConfig(ProcessorConfig):
    """Gradient accumulation: one step for the gradients of several calls. One state slot."""

    implementation = "optiplug_processors.accumulate:Accumulate"
    elementwise = True
    complex_variables = True
    paper = "Ott, Edunov, Grangier and Auli 2018, Scaling Neural Machine Translation, arXiv:1806.00187"
    example = {"steps": 2}

    steps: Annotated[Scalar, Number(ge=1), AfterValidator(_whole)]
    """Number of calls per step, or a schedule of it over the steps; 1 is no accumulation."""
    reduction: Literal["mean", "sum"] = "mean"
    """Whether gradients of the calls are averaged or summed."""
    sum_over_replicas: Literal["every_call", "last_call"] = "every_call"
    """When gradients are summed over replicas; in the last call of a step alone less is moved."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for a sum."""
        reason = "elements count as at most 4e37 over the number of calls: larger sums overflow"
        return {"same_at_every_size_of_gradients": reason}
