"""`optiplug doctor`: what is wrong with installed plugins, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from optiplug._registry.diagnosis import diagnose, in_order
from optiplug._registry.import_troubles import troubles_of_imports
from optiplug._registry.registry import installed_plugins
from optiplug._registry.trials import Trials
from optiplug.errors import in_one_line
from optiplug.registry import Entry, Trouble

from .exits import ExitCode
from .output import FORMAT, message, print_json, print_table, print_text

__all__ = ["examine"]

_LONGEST = 30.0  # in seconds, for all imports
_FIRST = 3
_COLUMNS = ("where", "what", "reason", "what to do")


def examine(*, imports: bool, again: bool, strict: bool, as_json: bool) -> None:
    """Print what is wrong; exits with 4 if something cannot be used, with 1 for less if `strict`."""
    looked = troubles_of_imports(
        installed_plugins,
        installed_plugins.known(),
        Trials(installed_plugins.offers),
        again=again,
        within=_LONGEST if imports else 0,
        waiting=_Progress(),
    )
    found = sorted([*diagnose(installed_plugins), *looked.found], key=in_order)
    if as_json:
        untried, findings = [*map(str, looked.untried)], [each.as_json() for each in found]
        healthy = not found and not untried
        print_json({"format": FORMAT, "healthy": healthy, "findings": findings, "untried": untried})
    else:
        _print(found, looked.untried, imports=imports)
    if any(not each.usable for each in found):
        raise typer.Exit(ExitCode.PLUGIN)
    if strict and (found or (imports and looked.untried)):
        raise typer.Exit(ExitCode.FAILED)


class _Progress:
    """Says which plugins are waited for, each time that they are others."""

    def __init__(self) -> None:
        self._said: list[Entry] = []

    def __call__(self, waiting: Sequence[Entry]) -> None:
        if waiting and self._said != waiting:
            self._said = [*waiting]
            message(f"waiting for the imports of {_some(waiting)}; --no-imports leaves them out")


def _some(entries: Sequence[Entry]) -> str:
    more = f" and {len(entries) - _FIRST} more" if entries[_FIRST:] else ""
    return f"{', '.join(map(str, entries[:_FIRST]))}{more}"


def _print(found: Sequence[Trouble], untried: Sequence[Entry], *, imports: bool) -> None:
    plugins, distributions = len(installed_plugins.known()), len(installed_plugins.offers)
    for title, usable, style in (("cannot be used", False, "red"), ("worth knowing", True, "yellow")):
        rows = [_row(each) for each in found if each.usable is usable]
        if rows:
            print_table(title, _COLUMNS, rows, [style] * len(rows))
            print_text("")
    if untried:
        why = "there was no time, and the next `optiplug doctor` goes on" if imports else "`--imports` does"
        print_text(f"not tried: {_some(untried)}; {why}")
    wrong = "nothing is wrong with those that were tried" if untried else "nothing is wrong"
    number = f"{len(found)} findings" if len(found) > 1 else "1 finding" if found else wrong
    print_text(f"{plugins} plugins of {distributions} distributions: {number}")


def _row(trouble: Trouble) -> tuple[str, ...]:
    where = f"{trouble.where} ({trouble.path})" if trouble.path else trouble.where
    return tuple(map(in_one_line, (where, trouble.what, trouble.reason, trouble.hint)))
