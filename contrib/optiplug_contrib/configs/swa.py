"""Config of swa."""

from __future__ import annotations

from optiplug import NonNegativeInt, PositiveInt, ProcessorConfig

__all__ = ["SWAConfig"]


class SWAConfig(ProcessorConfig):
    """Keep the plain average of each variable over some of the steps. One state slot."""

    implementation = "optiplug_contrib.swa:SWA"
    paper = (
        "Izmailov, Podoprikhin, Garipov, Vetrov and Wilson 2018, "
        "Averaging Weights Leads to Wider Optima and Better Generalization, arXiv:1803.05407"
    )
    elementwise = True

    start_averaging: NonNegativeInt = 0
    """Number of steps after which the variables enter the average for the first time; 0: one period."""
    average_period: PositiveInt = 10
    """From then on they enter it at every so many steps."""
