"""Config of cocob."""

from __future__ import annotations

from optiplug import NonNegativeScalar, OptimizerConfig, PositiveFloat, PositiveScalar

__all__ = ["COCOBConfig"]


class COCOBConfig(OptimizerConfig):
    """Coin betting on each element, without a learning rate to tune. Five state slots."""

    implementation = "optiplug_contrib.cocob:COCOB"
    paper = (
        "Orabona and Tommasi 2017, Training Deep Networks without Learning Rates "
        "Through Coin Betting, arXiv:1705.07795"
    )
    elementwise = True
    passes = {"the bet, written to memory for the variable and for what is kept": 10}

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the gradients; not in the paper, and of little effect unless it changes."""
    alpha: PositiveScalar = 100.0
    """Bound of the first bets, which stay below ``1 / alpha``."""
    epsilon: PositiveFloat = 1e-8
    """Initial value of the largest gradient of each element."""
