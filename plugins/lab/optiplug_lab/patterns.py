"""Patterns of a config and the paths of variables, before there are variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from optiplug import PathGlob, PathGlobs, Section, Selection
from optiplug.errors import MOST, Problem, nearest

__all__ = ["unmatched"]

Path = tuple[str | int, ...]


def unmatched(config: Section, shapes: Mapping[str, object]) -> list[Problem]:
    """Return a problem for each pattern in a config, and in those inside of it, that matches no variable."""
    found: list[Problem] = []
    for path, section in _sections(config):
        for name, field in type(section).model_fields.items():
            for place, pattern in _patterns(field.annotation, getattr(section, name)):
                # As in Keras, a regular expression there says what is left alone where it occurs.
                free = name == "exclude_from_weight_decay" and pattern.startswith("re:")
                free = free or Selection.is_optional(pattern)
                if len(found) > MOST:
                    return found
                if not free and not any(Selection.matches(each, pattern) for each in shapes):
                    rule = "a pattern must match at least one variable path"
                    hint = nearest(pattern, shapes) or f"the paths are {', '.join(shapes)}"
                    where = (*path, name, place)
                    found.append(Problem(where, rule, pattern, hint, key=place == pattern))
    return found


def _patterns(annotation: object, value: Any) -> Iterable[tuple[str | int, str]]:
    """Return the patterns in a field by their place in it; those of a mapping are its keys."""
    if annotation == PathGlobs:
        return enumerate(value)
    mapping = get_origin(annotation) is dict and get_args(annotation)[0] == PathGlob
    return [(pattern, pattern) for pattern in value] if mapping else []


def _sections(value: object, path: Path = ()) -> Iterator[tuple[Path, Section]]:
    """Yield each part of a config that has fields, with its path."""
    if isinstance(value, Section):
        yield path, value
        for name, item in value:
            yield from _sections(item, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _sections(item, (*path, index))
