"""Validates a document: returns its config, or raises every problem with line and column."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from optiplug._config.base import NamedConfig, resolve
from optiplug._config.inside import Path, configs
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug.document import Document, read, read_stream
from optiplug.errors import ConfigError, Problem

__all__ = ["is_inside", "load", "optimizers", "read_config"]


def read_config(file: str, format: str) -> Document:
    """Read a config file; `-` is standard input, in this format."""
    return read_stream(sys.stdin.buffer, format, "<stdin>") if file == "-" else read(file)


def load(document: Document) -> NamedConfig:
    """Return the config of the optimizer (`use`) or the command (`command`) that a document describes.

    Raises ConfigError with every problem.
    """
    try:
        config = (
            _command(document.data) if "command" in document.data else resolve("optimizers", document.data)
        )
        for path, optimizer in optimizers(config):
            # A keyword needs a plugin, which a step would miss only when it is built.
            _check_keywords(optimizer, path)
    except ConfigError as error:
        raise document.locate(error) from None
    return config


def optimizers(config: object) -> Iterator[tuple[Path, OptimizerConfig]]:
    """Yield every optimizer's config in a config, itself included, with its path."""
    return ((path, each) for path, each in configs(config) if isinstance(each, OptimizerConfig))


def is_inside(path: Path, outer: Path) -> bool:
    """Whether a path leads into what `outer` leads to."""
    return len(path) > len(outer) and path[: len(outer)] == outer


def _command(data: Mapping[str, Any]) -> NamedConfig:
    if "use" in data:
        rule = "a document has either `use`, for an optimizer, or `command`"
        raise ConfigError([Problem(("use",), rule, data["use"], key=True)])
    fields = {key: value for key, value in data.items() if key != "command"}
    try:
        return resolve("commands", {"use": data["command"], **fields})
    except ConfigError as error:
        raise error.each(_renamed) from None


def _renamed(problem: Problem) -> Problem:
    """Return a problem with `use` as one with `command`, which is what the document says."""
    if problem.path[:1] != ("use",):
        return problem
    return replace(problem, path=("command", *problem.path[1:]))


def _check_keywords(optimizer: OptimizerConfig, path: Path) -> None:
    try:
        keyword_processors(optimizer)
    except ConfigError as error:
        raise error.each(lambda problem: problem.within(*path)) from None
