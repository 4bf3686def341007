"""Config of swap_weights."""

from __future__ import annotations

from optiplug import NonNegativeInt, ProcessorConfig, UnitScalar

__all__ = ["SwapWeightsConfig"]


class SwapWeightsConfig(ProcessorConfig):
    """Exponential moving average of every variable, exchanged with it at the end. One state slot."""

    implementation = "optiplug_processors.swap_weights:SwapWeights"
    elementwise = True
    complex_variables = True
    takes_rows = False
    paper = "Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging"

    momentum: UnitScalar = 0.99
    """Decay rate of the exponential moving average."""
    start_step: NonNegativeInt = 0
    """Number of steps in which the average is a copy of the variable."""
    dynamic_decay: bool = False
    """Whether the decay rate warms up from 0.1 to `momentum`, so that the first values fade sooner."""
