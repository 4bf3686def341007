"""Config of swap_weights."""

from __future__ import annotations

from optiplug import NonNegativeInt, ProcessorConfig, UnitScalar

__all__ = ["SwapWeightsConfig"]


class SwapWeightsConfig(ProcessorConfig):
    """Keep a moving average of every variable, and exchange the two at the end. One state slot."""

    implementation = "optiplug_processors.swap_weights:SwapWeights"
    elementwise = True
    takes_rows = False
    paper = "Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging"

    momentum: UnitScalar = 0.99
    """Share of the old average that stays at each step, in [0, 1]; a number or a schedule."""
    start_step: NonNegativeInt = 0
    """Number of steps in which the average only follows its variable."""
    dynamic_decay: bool = False
    """Whether the share begins at 0.1 and grows to `momentum`, so that the first values fade sooner."""
