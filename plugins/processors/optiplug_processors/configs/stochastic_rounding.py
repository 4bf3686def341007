"""Config of stochastic_rounding."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import ProcessorConfig

__all__ = ["StochasticRoundingConfig"]


class StochasticRoundingConfig(ProcessorConfig):
    """Round the new values of bfloat16 variables up or down at random, right on average."""

    implementation = "optiplug_processors.stochastic_rounding:StochasticRounding"
    paper = "Zamirai, Zhang, Aberger and De Sa 2020, Revisiting BFloat16 Training, arXiv:2010.06192"

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Chooses the stream of random numbers."""
