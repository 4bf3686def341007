"""Ranges to search in place of values: with them a document is no config yet, and who reads it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug import registry
from optiplug._registry.extras import how_to_install
from optiplug.errors import ConfigError, Problem

__all__ = ["told_of_ranges"]

_KEY, _COMMAND = "search", "tune"


def told_of_ranges(error: ConfigError) -> ConfigError:
    """Return an error that calls each range that was given for a value a range; else the same one.

    Examples
    --------
    >>> from optiplug import ConfigError
    >>> given = {"search": "log", "low": 1e-4, "high": 1e-1}
    >>> error = told_of_ranges(ConfigError("must be a number", where="momentum", received=given))
    >>> error.problems[0].rule
    'is a range to search, and not a value'
    """
    return error.each(_told) if any(map(_is_range, error.problems)) else error


def _is_range(problem: Problem) -> bool:
    received = problem.received
    return isinstance(received, Mapping) and _KEY in received and "use" not in received and not problem.key


def _told(problem: Problem) -> Problem:
    if not _is_range(problem):
        return problem
    known = {entry.name for entry in registry.entries("commands")}
    missing = "" if _COMMAND in known else how_to_install("commands", _COMMAND)
    hint = f"`optiplug {_COMMAND} FILE` finds a value in it" + (f"; {missing}" if missing else "")
    return replace(problem, rule="is a range to search, and not a value", hint=hint)
