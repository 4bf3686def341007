"""Config of stochastic_rounding."""

from __future__ import annotations

from optiplug import ProcessorConfig
from optiplug_processors.fields import Seed

__all__ = ["StochasticRoundingConfig"]


class StochasticRoundingConfig(ProcessorConfig):
    """Round the new values of bfloat16 variables up or down at random, right on average. No state."""

    implementation = "optiplug_processors.stochastic_rounding:StochasticRounding"
    paper = "Zamirai, Zhang, Aberger and De Sa 2020, Revisiting BFloat16 Training, arXiv:2010.06192"

    seed: Seed = 0
    """Chooses the stream of random numbers."""
