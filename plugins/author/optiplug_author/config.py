"""The commands for authors of plugins, by what the command line says of each."""

from __future__ import annotations

from optiplug import CommandConfig

__all__ = ["NewConfig", "TryConfig"]


class NewConfig(CommandConfig):
    """Write a distribution with plugins to begin with: code that runs, its tests, CI and pages."""

    implementation = "optiplug_author.new:new"


class TryConfig(CommandConfig):
    """Try on installed plugins whether they keep what every plugin promises."""

    implementation = "optiplug_author.trying:try_plugins"
