"""Config of lookahead."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig, UnitScalar

__all__ = ["LookaheadConfig"]


class LookaheadConfig(ProcessorConfig):
    """Every few steps, go back to slow weights that have moved a part of the way. One state slot."""

    implementation = "optiplug_contrib.lookahead:Lookahead"
    paper = (
        "Zhang, Lucas, Hinton and Ba 2019, "
        "Lookahead Optimizer: k steps forward, 1 step back, arXiv:1907.08610"
    )
    elementwise = True

    sync_period: PositiveInt = 6
    """The slow weights move, and the variables return to them, at every so many steps."""
    slow_step_size: UnitScalar = 0.5
    """Part of the way to the variables that the slow weights go, in [0, 1]; a number or a schedule."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold when variables return to their slow weights."""
        reason = "all variables return to their slow weights, those without a gradient included"
        return {"spares_what_has_no_gradient": reason}
