"""A whole document: its optimizer, within what its key `plugins` allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optiplug import registry
from optiplug.errors import ConfigError, PluginError, Problem, UnknownPluginError

from .base import NamedConfig, resolve
from .inside import Path, configs
from .keyword_processors import keyword_processors
from .kinds import OptimizerConfig

__all__ = ["check_parts", "optimizer_of", "optimizers"]


def optimizer_of(document: Mapping[str, object]) -> NamedConfig:
    """Return the config of the optimizer that a document describes by `use` and its fields.

    Raises
    ------
    ConfigError
        With every problem in it; those with what its `plugins` requires come first, and alone.
    """
    with registry.limited(document) as fields:
        config = resolve("optimizers", fields)
        check_parts(config)
    return config


def check_parts(config: NamedConfig) -> None:
    """Check that every plugin in a config may be used now: those of its keywords, and configs made before.

    Raises
    ------
    ConfigError
        With the path of the first that may not.
    """
    for path, optimizer in optimizers(config):
        # A keyword needs a plugin, which a step would miss only when it is built.
        try:
            keyword_processors(optimizer)
        except ConfigError as error:
            raise _at(path, error) from None
    for path, each in configs(config):
        try:
            registry.find(each.kind, registry.reference_of(type(each)))
        except UnknownPluginError:
            continue  # of code, and in none but this process
        except PluginError as error:
            raise ConfigError([Problem(path, error.rule, hint=error.hint, plugin=True)]) from error


def _at(path: Path, error: ConfigError) -> ConfigError:
    return error.each(lambda problem: problem.within(*path))


def optimizers(config: object) -> Iterator[tuple[Path, OptimizerConfig]]:
    """Yield every optimizer's config in a config, itself included, with its path."""
    return ((path, each) for path, each in configs(config) if isinstance(each, OptimizerConfig))
