"""Fills a draft from the arguments of one class, as the row of a table says."""

from __future__ import annotations

from collections.abc import Mapping

from optiplug.errors import ConfigError, Problem, nearest

from .draft import Draft, Path
from .rules import Arguments, Kept, Neutral, OrNone, Row, Unsupported

__all__ = ["fill", "found", "mapping"]

Table = Mapping[str, Row | Unsupported]

_RATES = ("learning_rate", "lr")


def found(table: Table, name: str, path: Path, library: str) -> Row:
    """Return the row of a class.

    Raises
    ------
    ConfigError
        If it has no counterpart, or nobody knows it, with the nearest name.
    """
    row = table.get(name)
    if isinstance(row, Row):
        return row
    if row is not None:
        raise ConfigError([Problem(path, f"{name} of {library} has no counterpart here", name, row.why)])
    known = [each for each, row in table.items() if isinstance(row, Row)]
    hint = nearest(name, table) or f"known are {', '.join(known)}"
    raise ConfigError([Problem(path, f"is no class of {library} that can be converted", name, hint)])


def fill(draft: Draft, row: Row, given: Arguments, path: Path) -> None:
    """Write what these arguments mean, in their order; those that are not given have their defaults."""
    draft.fields["use"] = row.use
    draft.fields.update(row.fixed)
    told = {**row.defaults, **given}
    missing = [name for name in _needed(row) if told.get(name) is None]
    if missing:
        raise ConfigError([Problem((*path, name), "is required") for name in missing])
    # Some arguments act on the rate, so it is first.
    for name, value in sorted(told.items(), key=lambda each: each[0] not in _RATES):
        rule = row.arguments.get(name)
        here = (*path, name)
        if rule is None:
            hint = nearest(name, row.arguments) or f"the arguments are {', '.join(row.arguments)}"
            draft.refuse(here, "is no argument of this class", value, hint, key=True)
        elif value is not None or isinstance(rule, Neutral | OrNone):
            rule.apply(value, here, draft)
    if row.after is not None:
        try:
            row.after(draft)
        except ArithmeticError as error:
            raise ConfigError([Problem(path, f"has numbers that cannot be: {error}", dict(given))]) from None
    for note in row.notes:
        draft.note(note)


def _needed(row: Row) -> set[str]:
    """Return the arguments without which a class is not complete, or a row has nothing to calculate with."""
    kept = {name for name, rule in row.arguments.items() if isinstance(rule, Kept) and rule.of}
    return {*row.needs, *((kept | set(_RATES)) & row.defaults.keys())}


def mapping(value: object, path: Path) -> Arguments:
    """Return a value that has to be a mapping.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if not isinstance(value, Mapping):
        raise ConfigError([Problem(path, "must be a mapping", value)])
    return value
