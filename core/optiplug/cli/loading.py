"""Validates a document: returns its config, or raises every problem with line and column."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optiplug import registry
from optiplug._config.base import NamedConfig, resolve
from optiplug._config.documents import check_parts, optimizer_of, optimizers
from optiplug._config.inside import Path
from optiplug.document import Document, read, read_stream
from optiplug.errors import ConfigError, Problem
from optiplug.locking import Lock, under

__all__ = ["is_inside", "load", "optimizers", "read_config"]


def read_config(file: str, format: str) -> Document:
    """Read a config file; `-` is standard input, in this format."""
    return read_stream(sys.stdin.buffer, format, "<stdin>") if file == "-" else read(file)


def load(document: Document, lock: Lock | None = None) -> NamedConfig:
    """Return the config of the optimizer (`use`) or the command (`command`) that a document describes.

    Raises ConfigError with every problem; with a lock, a DriftError if a plugin is not as it says.
    """
    return under(lock, lambda: _load(document), document)


def _load(document: Document) -> NamedConfig:
    try:
        return _command(document.data) if "command" in document.data else optimizer_of(document.data)
    except ConfigError as error:
        raise document.locate(error) from None


def is_inside(path: Path, outer: Path) -> bool:
    """Whether a path leads into what `outer` leads to."""
    return len(path) > len(outer) and path[: len(outer)] == outer


def _command(data: Mapping[str, Any]) -> NamedConfig:
    if "use" in data:
        rule = "a document has either `use`, for an optimizer, or `command`"
        raise ConfigError([Problem(("use",), rule, data["use"], key=True)])
    fields = {key: value for key, value in data.items() if key != "command"}
    try:
        # Around the command, too, which looks at `plugins` itself once it is imported.
        with registry.limited(data):
            config = resolve("commands", {"use": data["command"], **fields})
            check_parts(config)
    except ConfigError as error:
        raise error.each(_renamed) from None
    return config


def _renamed(problem: Problem) -> Problem:
    """Return a problem with `use` as one with `command`, which is what the document says."""
    if problem.path[:1] != ("use",):
        return problem
    return replace(problem, path=("command", *problem.path[1:]))
