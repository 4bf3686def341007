"""Chooses variables by globs on their paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optiplug.errors import ConfigError, nearest

from .kinds import Selection

__all__ = ["selected_paths"]


def selected_paths(config: Selection, ranks: Mapping[str, int], where: str) -> list[str]:
    """Return the paths, out of those in `ranks` (path -> number of dimensions), that `config` selects.

    Raises
    ------
    ConfigError
        If a pattern matches no path at all, naming the nearest one.
    """
    # A pattern that matches nothing is a typing error more often than not, and would be ignored silently.
    for field in ("only", "skip"):
        for pattern in getattr(config, field):
            if not any(Selection.matches(path, pattern) for path in ranks):
                raise ConfigError(
                    "a pattern must match at least one variable path",
                    where=f"{where}.{field}",
                    received=pattern,
                    hint=_hint(pattern, list(ranks)),
                )
    chosen = [path for path, rank in ranks.items() if rank >= config.min_ndim]
    if config.only:
        chosen = [path for path in chosen if _any(path, config.only)]
    return [path for path in chosen if not _any(path, config.skip)]


def _any(path: str, patterns: Sequence[str]) -> bool:
    return any(Selection.matches(path, pattern) for pattern in patterns)


def _hint(pattern: str, paths: Sequence[str]) -> str:
    if "[" in pattern and any("[" in path for path in paths):
        return "in a glob `[0]` is one of some characters; `[[]0]` is the text, and so is a whole path"
    return nearest(pattern, paths) or f"the paths are {_shown(paths)}"


def _shown(paths: Sequence[str]) -> str:
    return ", ".join(paths[:8]) + (", ..." if len(paths) > 8 else "")
