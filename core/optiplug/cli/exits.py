"""The exit codes of `optiplug`, and the one for each error."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from optiplug.errors import ConfigError, OptiplugError, PluginError, StateError

from .output import message

__all__ = ["ExitCode", "debugging", "exit_code", "guarded"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class ExitCode(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    FAILED = 1
    """The command did its work and the answer is no, or something else went wrong."""
    USAGE = 2
    """The command line itself is wrong."""
    CONFIG = 3
    """A config breaks a rule."""
    PLUGIN = 4
    """A plugin is missing, broken, blocked, ambiguous or of another version."""
    CHECKPOINT = 5
    """Saved state does not fit, or is damaged."""


def exit_code(error: OptiplugError) -> ExitCode:
    """Return the exit code for an error; a missing plugin outweighs a broken rule."""
    if isinstance(error, PluginError):
        return ExitCode.PLUGIN
    if isinstance(error, ConfigError):
        missing = any(problem.plugin for problem in error.problems)
        return ExitCode.PLUGIN if missing else ExitCode.CONFIG
    return ExitCode.CHECKPOINT if isinstance(error, StateError) else ExitCode.FAILED


def debugging() -> bool:
    """Whether errors are to come with their traceback."""
    return os.environ.get("OPTIPLUG_DEBUG") == "1"


def guarded(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a command end with a message and an exit code where it raises an error of optiplug.

    With OPTIPLUG_DEBUG=1 in the environment, errors come with their traceback.
    """

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except OptiplugError as error:
            # A message is enough for users; authors of plugins need to see where it comes from.
            if debugging():
                raise
            message(str(error))
            raise typer.Exit(exit_code(error)) from None

    return run
