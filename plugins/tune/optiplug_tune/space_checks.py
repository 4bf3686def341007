"""Whether fields take what is in their ranges: each end and each choice is put in place and validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from optiplug import ConfigError
from optiplug.cli.loading import load
from optiplug.document import Document
from optiplug.errors import Problem

from .ranges import Path, Range, Value, dotted

if TYPE_CHECKING:
    from .space import Space

__all__ = ["problems_of"]

# One of them is accepted wherever a number is.
_PROBES = (0, 1, 2, 10, 1000, 0.5, 0.001)
_WHOLE = "must be a whole number"
_DEFAULT = "write a `default` that is valid, or a `step`"


def problems_of(space: Space) -> list[Problem]:
    """Return what is wrong with the config around the ranges, and with their ends and choices.

    Each is tried alone, the other ranges having their defaults; those in an option of a choice, or beside
    a plugin that is chosen, under each of the options.
    """
    found: dict[tuple[Path, str], Problem] = {}
    plain = _broken(space, {})
    for problem in plain:
        if problem.key or _range_at(space, problem.path) is None:
            blamed = _blamed(space, problem)
            found.setdefault((blamed.path, blamed.rule), blamed)
    for chosen in _contexts(space):
        for problem in _of_context(space, chosen, plain):
            found.setdefault((problem.path, problem.rule), problem)
    return list(found.values()) or _of_defaults(plain)


def _of_context(space: Space, chosen: Mapping[str, Value], plain: list[Problem]) -> Iterator[Problem]:
    """Yield the problems of the ends of the ranges where these choices are taken, and of the choices."""
    around = _broken(space, chosen)
    for one in _active(space, chosen):
        if one.path in chosen:
            yield from _of_end(one, _where_chosen(one, chosen[one.path]), chosen[one.path], around, plain)
        elif one.kind != "choice":
            if refusal := _takes_no_number(space, chosen, one):
                yield refusal
                continue
            for end, value in one.ends:
                broken = _broken(space, {**chosen, one.path: value})
                yield from _of_end(one, (*one.where, *end), value, broken, around)


def _of_end(
    one: Range, end: Path, value: Value, broken: list[Problem], before: list[Problem]
) -> Iterator[Problem]:
    """Yield the problems that a value has brought, at the end of the range that it is."""
    known = {(problem.path, problem.rule) for problem in before}
    for problem in broken:
        if problem.key and problem.path == one.where:
            return  # no field, whatever stands there
        if problem.path[: len(end)] == end:
            yield problem
        elif problem.path == one.where:
            hint = "write `search: int`" if problem.rule == _WHOLE else problem.hint
            yield replace(problem, path=end, hint=hint)
        elif (problem.path, problem.rule) not in known:
            rule = f"with it `{dotted(problem.path)}` {problem.rule}"
            yield Problem(end, rule, value, problem.hint, plugin=problem.plugin)


def _takes_no_number(space: Space, chosen: Mapping[str, Value], one: Range) -> Problem | None:
    values = [value for _, value in one.ends] + list(_PROBES)
    rules: set[str] = set()
    for value in values:
        broken = [each for each in _broken(space, {**chosen, one.path: value}) if each.path == one.where]
        if not broken or broken[0].key:
            return None
        rules |= {each.rule for each in broken}
    if len(rules) > 1:
        return None
    rule = f"{rules.pop()}, which no range of numbers is"
    return Problem(one.where, rule, hint="`{search: choice, of: [...]}` chooses among values")


def _blamed(space: Space, problem: Problem) -> Problem:
    """Return a problem beside the ranges as one of the range whose default brings it, if there is one."""
    for one in space.ranges.values():
        for _, value in one.ends:
            rules = {(each.path, each.rule) for each in _broken(space, {one.path: value})}
            if (problem.path, problem.rule) not in rules and one.kind != "choice":
                rule = f"with its default, {one.default}, `{dotted(problem.path)}` {problem.rule}"
                return Problem(one.where, rule, hint=_DEFAULT)
    return problem


def _of_defaults(plain: list[Problem]) -> list[Problem]:
    """Return the problems of defaults whose ends have none."""
    return [replace(each, rule=f"its default {each.rule}", hint=_DEFAULT) for each in plain]


def _contexts(space: Space) -> Iterator[dict[str, Value]]:
    """Yield the choices to be taken, so that each option is taken once."""
    yield {}
    for one in space.ranges.values():
        if one.kind == "choice":
            yield from ({**_enclosing(space, one), one.path: choice} for choice in one.choices)


def _enclosing(space: Space, inner: Range) -> dict[str, Value]:
    """Return the choices that a range belongs to."""
    found: dict[str, Value] = {}
    for one in space.ranges.values():
        depth = len(one.where)
        if one.where == inner.where[:depth] and len(inner.where) > depth:
            found[one.path] = one.choices[int(inner.where[depth + 1])]
    return found


def _active(space: Space, chosen: Mapping[str, Value]) -> list[Range]:
    asked: list[Range] = []

    def value_of(one: Range) -> Value:
        asked.append(one)
        return chosen.get(one.path, one.default)

    space.filled(value_of)
    return asked


def _where_chosen(one: Range, choice: Value) -> Path:
    return (*one.where, "of", one.choices.index(choice))


def _range_at(space: Space, path: Path) -> Range | None:
    """Return the innermost range that a problem is in."""
    inside = [one for one in space.ranges.values() if one.where == path[: len(one.where)]]
    return max(inside, key=lambda one: len(one.where), default=None)


def _broken(space: Space, values: Mapping[str, Value]) -> list[Problem]:
    """Return the problems of the config with these values, else the defaults, by the paths of the space."""
    origins: dict[Path, Path] = {}
    data = space.filled(lambda one: values.get(one.path, one.default), origins)
    try:
        load(Document("", data, {(): (1, 1)}, {}))
    except ConfigError as error:
        return [replace(each, path=_origin(each.path, origins), position="") for each in error.problems]
    return []


def _origin(path: Path, origins: Mapping[Path, Path]) -> Path:
    length = next(length for length in range(len(path), -1, -1) if path[:length] in origins)
    return (*origins[path[:length]], *path[length:])
