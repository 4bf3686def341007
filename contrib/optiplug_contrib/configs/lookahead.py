"""Config of lookahead."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig, UnitScalar

__all__ = ["LookaheadConfig"]

_TRIED = 2  # steps that the check takes


class LookaheadConfig(ProcessorConfig):
    """Slow weights that interpolate towards the variables and replace them. One state slot."""

    implementation = "optiplug_contrib.lookahead:Lookahead"
    paper = (
        "Zhang, Lucas, Hinton and Ba 2019, "
        "Lookahead Optimizer: k steps forward, 1 step back, arXiv:1907.08610"
    )
    elementwise = True
    complex_variables = True

    sync_period: PositiveInt = 6
    """Number of steps between two synchronizations of the slow weights."""
    slow_step_size: UnitScalar = 0.5
    """Step size of the slow weights towards the variables."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold when variables return to their slow weights."""
        reason = "all variables return to their slow weights, those without a gradient included"
        return {"spares_what_has_no_gradient": reason} if self.sync_period <= _TRIED else {}
