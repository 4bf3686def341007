"""Config of swa."""

from __future__ import annotations

from optiplug import NonNegativeInt, PositiveInt, ProcessorConfig

__all__ = ["SWAConfig"]


class SWAConfig(ProcessorConfig):
    """Stochastic weight averaging: the mean of each variable over some of the steps. One state slot."""

    implementation = "optiplug_contrib.swa:SWA"
    paper = (
        "Izmailov, Podoprikhin, Garipov, Vetrov and Wilson 2018, "
        "Averaging Weights Leads to Wider Optima and Better Generalization, arXiv:1803.05407"
    )
    elementwise = True
    complex_variables = True

    start_averaging: NonNegativeInt = 0
    """Number of steps after which the first value is averaged; 0: one period."""
    average_period: PositiveInt = 10
    """Number of steps between two values that are averaged."""
