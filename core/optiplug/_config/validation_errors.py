"""Translates errors of pydantic to problems, in the words of the broken rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from optiplug.errors import MOST, ConfigError, Problem, nearest

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["translated"]

Path: TypeAlias = tuple[str | int, ...]

_RULES = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "finite_number": "must be finite",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "model_type": "must be a mapping",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
}


def translated(error: ValidationError, values: Mapping[str, object], config: type[Any]) -> ConfigError:
    """Return the problems with `values`, the arguments of this class of configs, as one error."""
    # By path: pydantic reports each member of a union on its own, for the same value.
    found: dict[Path, Problem] = {}
    unseen: list[Path] = []
    details = error.errors(include_url=False)
    more = 0
    for number, detail in enumerate(details):
        # Thousands of them would be thrown away.
        if len(found) > MOST:
            more += len(details) - number
            break
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, ConfigError):
            more += cause.more
            unseen += [] if cause.problems else [_path(detail, values)]
        for problem in _problems(detail, values, config):
            earlier = found.get(problem.path)
            found[problem.path] = _joined(earlier, problem) if earlier else problem
    # Of a union one member does not fit, and another was not looked at.
    open_ends = set(unseen)
    decided = [
        problem
        for path, problem in found.items()
        if open_ends.isdisjoint(path[:length] for length in range(1, len(path) + 1))
    ]
    return ConfigError(decided, more)


def _joined(first: Problem, second: Problem) -> Problem:
    """Join the rules of two members of a union for the same value."""
    rule = first.rule
    if second.rule not in rule:
        rule += f" or {second.rule.removeprefix('must be ')}"
    return replace(first, rule=rule, plugin=first.plugin or second.plugin)


def _problems(detail: ErrorDetails, values: Mapping[str, object], config: type[Any]) -> Iterator[Problem]:
    error_type, context = detail["type"], detail.get("ctx", {})
    path, received = _path(detail, values), detail["input"]
    cause = context.get("error")
    # Our own validators raise these, and pydantic wraps them as it does any ValueError.
    if isinstance(cause, ConfigError):
        yield from (problem.within(*path) for problem in cause.problems)
    elif error_type == "too_short" and len(received) >= context["min_length"]:
        return  # it counts the valid items, and has told of the others
    elif error_type == "missing":
        yield Problem(path, _RULES[error_type])
    elif error_type == "extra_forbidden":
        yield Problem(
            path, f"is not a field of {config.__name__}", received, _instead(str(path[-1]), config), key=True
        )
    elif error_type in _RULES:
        choices = re.findall(r"'(.*?)'", str(context.get("expected", "")))
        hint = nearest(received, choices) if isinstance(received, str) else ""
        bounds = {key: _short(value) for key, value in context.items()}
        yield Problem(path, _RULES[error_type].format(**bounds), received, hint)
    else:
        yield Problem(path, str(cause or detail["msg"].replace("Input should be", "must be")), received)


def _instead(key: str, config: type[Any]) -> str:
    if key == "plugins":
        return "it stands at the top of a document, and holds for all of it"
    fields = list(config.model_fields)
    return config.replaced.get(key) or f"{nearest(key, fields)} the fields are {', '.join(fields)}".strip()


def _short(bound: object) -> object:
    """Return 0 for 0.0: a bound as it was written, before pydantic made it a float."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _path(detail: ErrorDetails, values: Mapping[str, object]) -> tuple[str | int, ...]:
    """Return the keys that lead to the value, without the members of unions that pydantic adds."""
    location = detail["loc"]
    if not location:
        return ()
    path, here = [location[0]], values.get(str(location[0]))
    for key in location[1:]:
        try:
            here = here[key]  # type: ignore[index]  # what cannot be indexed ends the path
        except (LookupError, TypeError):
            return (*path, location[-1]) if detail["type"] == "missing" else tuple(path)
        path.append(key)
    return tuple(path)
