"""Commands that plugins add: found by name, and imported when they are run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from rich.markup import escape

from optiplug import registry
from optiplug._plain_text import in_one_line, plain
from optiplug._registry.descriptions import Descriptions
from optiplug._registry.extras import extra_of
from optiplug.errors import BrokenPluginError, OptiplugError

from .exits import guarded

__all__ = ["contribute"]


def contribute(add: Callable[..., Any], argv: Sequence[str], built_in: Sequence[str]) -> None:
    """Add what this command line needs of the commands that plugins contribute.

    That is the one command which it names, or else all of them by name and summary, for
    ``--help`` and to suggest the nearest name. Only the former is imported.
    """
    # The first word that is no option; typer reads the command line only once all commands exist.
    word = next((word for word in argv if not word.startswith("-")), "")
    if word in built_in:
        return
    names = {entry.name for entry in registry.entries("commands")} - set(built_in)
    name = word.partition("@")[0]
    # One that an extra brings along is not misspelt but missing.
    if name in names or extra_of("commands", name):
        _add(add, word)
    else:
        descriptions = Descriptions()
        for name in sorted(names):
            add(in_one_line(name), help=escape(plain(_summary(name, descriptions))))(_never_run)


def _add(add: Callable[..., Any], name: str) -> None:
    """Add a command under its real signature or, if it is broken, one that says so whatever it is given."""
    try:
        function = _function(name)
    except OptiplugError as error:
        # Whatever the arguments, the answer is that the command is broken, and not a usage error.
        anything = {"allow_extra_args": True, "ignore_unknown_options": True}
        add(name, context_settings=anything, add_help_option=False)(guarded(_raising(error)))
    else:
        add(name, help=escape(plain(inspect.getdoc(function) or "")))(guarded(function))


def _function(name: str) -> Callable[..., Any]:
    config = registry.get("commands", name)
    function = config.load_implementation()
    # typer reads names and annotations, which other callables have not.
    if not inspect.isfunction(function):
        raise BrokenPluginError(
            f"{config.implementation}, the implementation of command {name!r}, is no function"
        )
    return function


def _summary(name: str, descriptions: Descriptions) -> str:
    try:
        found = descriptions.of(registry.find("commands", name))
    except OptiplugError as error:
        return f"Cannot be used: {error}"
    return f"Cannot be used: {found.fault}" if found.fault else found.summary or found.note


def _raising(error: OptiplugError) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _never_run() -> None:
    """Stand for a command in the list of commands; a command line that names it gets the real one."""
