"""Chooses variables by globs on their paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from optiplug.errors import ConfigError, nearest

from .kinds import Selection

__all__ = ["require_matches", "selected_paths"]


def selected_paths(
    config: Selection, ranks: Mapping[str, int], where: str, known: Iterable[str] = ()
) -> list[str]:
    """Return the paths, out of those in `ranks` (path -> number of dimensions), that `config` selects.

    Patterns may also match one of the `known` paths, which are not selected: those of other groups.

    Raises
    ------
    ConfigError
        If a pattern that is not optional matches no path at all, naming the nearest one; if nothing is
        selected, unless all of `only` is optional and matches nothing.
    """
    every = list(dict.fromkeys([*ranks, *known]))
    for field in ("only", "skip"):
        require_matches(getattr(config, field), every, f"{where}.{field}")
    chosen = [path for path, rank in ranks.items() if rank >= config.min_ndim]
    if config.only and all(map(Selection.is_optional, config.only)) and not _matching(config.only, ranks):
        return []
    if config.only:
        chosen = [path for path in chosen if _any(path, config.only)]
    chosen = [path for path in chosen if not _any(path, config.skip)]
    # Each pattern may be right, and nothing be left; and so it is with a typing error in `min_ndim`.
    if ranks and not chosen:
        given = {name: getattr(config, name) for name in Selection.model_fields if getattr(config, name)}
        raise ConfigError(
            "a selection must choose at least one variable",
            where=where,
            received=given,
            hint=f"the paths are {_shown([f'{path} ({rank})' for path, rank in ranks.items()])}, "
            "each with its number of dimensions",
        )
    return chosen


def require_matches(patterns: Sequence[str], paths: Sequence[str], where: str) -> None:
    """Raise `ConfigError` for a pattern that matches none of these paths."""
    # It is a typing error more often than not, and would be ignored silently.
    for pattern in patterns:
        if _matching([pattern], paths):
            continue
        if not Selection.is_optional(pattern):
            raise ConfigError(
                "a pattern must match at least one variable path",
                where=where,
                received=pattern,
                hint=_hint(pattern, paths),
            )
        if any(fnmatchcase(path, pattern) for path in paths):
            raise ConfigError(
                "a `?` at the beginning is no character: it says that the pattern may match nothing",
                where=where,
                received=pattern,
                hint=f"for any one character, write `[!/]{pattern[1:]}`",
            )


def _matching(patterns: Sequence[str], paths: Iterable[str]) -> bool:
    return any(_any(path, patterns) for path in paths)


def _any(path: str, patterns: Sequence[str]) -> bool:
    return any(Selection.matches(path, pattern) for pattern in patterns)


def _hint(pattern: str, paths: Sequence[str]) -> str:
    if "[" in pattern and any("[" in path for path in paths):
        return "in a glob `[0]` is one of some characters; `[[]0]` is the text, and so is a whole path"
    guess = nearest(pattern, paths) or f"the paths are {_shown(paths)};"
    return f"{guess} `?{pattern}` may match nothing"


def _shown(paths: Sequence[str]) -> str:
    return ", ".join(paths[:8]) + (", ..." if len(paths) > 8 else "")
