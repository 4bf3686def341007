"""The commands for authors of plugins, by what the command line says of each."""

from __future__ import annotations

from optiplug import CommandConfig

__all__ = ["CatalogueConfig", "NewConfig", "TryConfig"]


class CatalogueConfig(CommandConfig):
    """Write pages in Markdown about installed plugins: formula, hyperparameters, state, paper."""

    implementation = "optiplug_author.cataloguing:catalogue"


class NewConfig(CommandConfig):
    """Write a distribution with plugins to begin with: code that runs, its tests, CI and pages."""

    implementation = "optiplug_author.scaffold:new"


class TryConfig(CommandConfig):
    """Try on installed plugins whether they keep what every plugin promises."""

    implementation = "optiplug_author.trying:try_plugins"
