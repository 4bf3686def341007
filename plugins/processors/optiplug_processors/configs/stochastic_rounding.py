"""Config of stochastic_rounding."""

from __future__ import annotations

from optiplug import ProcessorConfig
from optiplug_processors.fields import Seed

__all__ = ["StochasticRoundingConfig"]


class StochasticRoundingConfig(ProcessorConfig):
    """Stochastic rounding of bfloat16 variables. No state."""

    implementation = "optiplug_processors.stochastic_rounding:StochasticRounding"
    complex_variables = True
    paper = "Zamirai, Zhang, Aberger and De Sa 2020, Revisiting BFloat16 Training, arXiv:2010.06192"

    seed: Seed = 0
    """Seed of the stream of random numbers."""
