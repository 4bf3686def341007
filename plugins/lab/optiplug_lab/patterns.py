"""Patterns of a config and the paths of variables, before there are variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optiplug import PathGlobs, Section, Selection
from optiplug.errors import Problem, nearest

__all__ = ["unmatched"]

Path = tuple[str | int, ...]


def unmatched(config: Section, shapes: Mapping[str, object]) -> list[Problem]:
    """Return a problem for each pattern in a config, and in those inside of it, that matches no variable."""
    found = []
    for path, section in _sections(config):
        for name, field in type(section).model_fields.items():
            if field.annotation != PathGlobs:
                continue
            for index, pattern in enumerate(getattr(section, name)):
                # As in Keras, a regular expression there says what is left alone where it occurs.
                free = name == "exclude_from_weight_decay" and pattern.startswith("re:")
                free = free or Selection.is_optional(pattern)
                if not free and not any(Selection.matches(each, pattern) for each in shapes):
                    rule = "a pattern must match at least one variable path"
                    hint = nearest(pattern, shapes) or f"the paths are {', '.join(shapes)}"
                    found.append(Problem((*path, name, index), rule, pattern, hint))
    return found


def _sections(value: object, path: Path = ()) -> Iterator[tuple[Path, Section]]:
    """Yield each part of a config that has fields, with its path."""
    if isinstance(value, Section):
        yield path, value
        for name, item in value:
            yield from _sections(item, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _sections(item, (*path, index))
