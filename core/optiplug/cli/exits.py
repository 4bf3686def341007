"""The exit codes of `optiplug`, and the one for each error."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from optiplug.errors import ConfigError, OptiplugError, PluginError, StateError

from .machine import machine_error
from .output import message
from .unforeseen import error_of_users_code

__all__ = ["ExitCode", "debugging", "exit_code", "guarded", "interrupted"]

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
    """Let a command end with a message and an exit code where it raises an error of optiplug or the machine.

    An interrupt ends it with 128 and the number of the signal, as a shell has it; a reader of standard
    output that leaves early, such as `head`, is not worth a word. What was added to an error with `add_note`
    is said after it. With OPTIPLUG_DEBUG=1 in the environment, errors come with their traceback.
    """

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            # A message is enough for users; authors of plugins need to see where it comes from.
            end = None if debugging() else _end(error)
            if end is None:
                raise
            text, code = end
            if text:
                message(" ".join([text, *getattr(error, "__notes__", ())]))
            raise SystemExit(int(code)) from None

    return run


def _end(error: BaseException) -> tuple[str, int] | None:
    """Return message and exit code for an error; None for a fault of optiplug or of a plugin."""
    if isinstance(error, KeyboardInterrupt):
        return "", interrupted(error)
    if isinstance(error, BrokenPipeError):
        return "", ExitCode.FAILED
    if isinstance(error, OptiplugError):
        return str(error), exit_code(error)
    told = machine_error(error) or error_of_users_code(error)
    return None if told is None else (told, ExitCode.FAILED)


def interrupted(error: KeyboardInterrupt) -> int:
    """Return the exit code for an interrupt, whose argument may be another signal than that of Ctrl-C."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else signal.SIGINT
    return 128 + number
