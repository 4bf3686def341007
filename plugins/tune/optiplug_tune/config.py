"""The command of this distribution, by what the command line says of it."""

from __future__ import annotations

from typing import Literal

from optiplug import CommandConfig

__all__ = ["PrunerName", "SamplerName", "TuneConfig"]

SamplerName = Literal["tpe", "qmc", "random"]
PrunerName = Literal["wilcoxon", "median", "none"]


class TuneConfig(CommandConfig):
    """Search ranges in a config for the best values, in trials that several processes make."""

    implementation = "optiplug_tune.command:tune"
