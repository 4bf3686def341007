"""Config of ema."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig, UnitScalar

__all__ = ["EMAConfig"]

_TRIED = 2  # steps that the check takes


class EMAConfig(ProcessorConfig):
    """Exponential moving average of every variable. One state slot."""

    implementation = "optiplug_processors.ema:EMA"
    elementwise = True
    complex_variables = True
    paper = "Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging"
    keras_slots = {"average": "average"}

    momentum: UnitScalar = 0.99
    """Decay rate of the exponential moving average."""
    overwrite_frequency: PositiveInt | None = None
    """Number of steps between two overwrites of the variables by their averages; None: at the end only."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold if averages overwrite the variables."""
        reason = "all variables become their averages, those without a gradient included"
        tried = self.overwrite_frequency is not None and self.overwrite_frequency <= _TRIED
        return {"spares_what_has_no_gradient": reason} if tried else {}
