"""`optiplug doctor`: what is wrong with installed plugins, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from optiplug._registry.diagnosis import diagnose, in_order
from optiplug._registry.import_troubles import troubles_of_imports
from optiplug._registry.registry import installed_plugins
from optiplug.errors import in_one_line
from optiplug.registry import Trouble

from .exits import ExitCode
from .output import FORMAT, print_json, print_table, print_text

__all__ = ["examine"]

_COLUMNS = ("where", "what", "reason", "what to do")


def examine(*, imports: bool, strict: bool, as_json: bool) -> None:
    """Print what is wrong; exits with 4 if something cannot be used, with 1 for less if `strict`."""
    found = diagnose(installed_plugins)
    if imports:
        found += troubles_of_imports(installed_plugins, installed_plugins.known())
        found.sort(key=in_order)
    if as_json:
        print_json({"format": FORMAT, "healthy": not found, "findings": [each.as_json() for each in found]})
    else:
        _print(found)
    if any(not each.usable for each in found):
        raise typer.Exit(ExitCode.PLUGIN)
    if found and strict:
        raise typer.Exit(ExitCode.FAILED)


def _print(found: Sequence[Trouble]) -> None:
    plugins, distributions = len(installed_plugins.known()), len(installed_plugins.offers)
    for title, usable, style in (("cannot be used", False, "red"), ("worth knowing", True, "yellow")):
        rows = [_row(each) for each in found if each.usable is usable]
        if rows:
            print_table(title, _COLUMNS, rows, [style] * len(rows))
            print_text("")
    number = f"{len(found)} findings" if len(found) > 1 else "1 finding" if found else "nothing is wrong"
    print_text(f"{plugins} plugins of {distributions} distributions: {number}")


def _row(trouble: Trouble) -> tuple[str, ...]:
    where = f"{trouble.where} ({trouble.path})" if trouble.path else trouble.where
    return tuple(map(in_one_line, (where, trouble.what, trouble.reason, trouble.hint)))
