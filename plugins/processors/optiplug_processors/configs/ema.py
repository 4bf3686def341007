"""Config of ema."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig, UnitScalar

__all__ = ["EMAConfig"]


class EMAConfig(ProcessorConfig):
    """Keep an exponential moving average of every variable. One state slot."""

    implementation = "optiplug_processors.ema:EMA"
    elementwise = True
    paper = "Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging"
    keras_slots = {"average": "average"}

    momentum: UnitScalar = 0.99
    """Share of the old average that stays at each step, in [0, 1]; a number or a schedule."""
    overwrite_frequency: PositiveInt | None = None
    """Put the average into the variables at every so many steps; None leaves that to the end of training."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold if averages overwrite the variables."""
        reason = "all variables become their averages, those without a gradient included"
        return {"spares_what_has_no_gradient": reason} if self.overwrite_frequency else {}
