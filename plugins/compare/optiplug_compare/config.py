"""What the command line says of the commands of this distribution."""

from __future__ import annotations

from optiplug import CommandConfig

__all__ = ["CompareConfig", "FindRateConfig", "PlotConfig"]


class CompareConfig(CommandConfig):
    """Train several optimizers on one task, over several seeds, and say which differ by more than chance."""

    implementation = "optiplug_compare.command:compare"


class FindRateConfig(CommandConfig):
    """Let the learning rate of a run grow until its loss does, and say which rates are good ones."""

    implementation = "optiplug_compare.rate_command:find_rate"


class PlotConfig(CommandConfig):
    """Plot the schedules of a config, or the path of an optimizer over a landscape, here or as a picture."""

    implementation = "optiplug_compare.plotting:plot"
