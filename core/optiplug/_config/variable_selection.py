"""Chooses variables by globs on their paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

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
            if not _matching(pattern, ranks):
                raise ConfigError(
                    "a pattern must match at least one variable path",
                    where=f"{where}.{field}",
                    received=pattern,
                    hint=nearest(pattern, ranks) or f"the paths are {_shown(list(ranks))}",
                )
    # `fnmatchcase`: `fnmatch` ignores case on some systems.
    chosen = [path for path, rank in ranks.items() if rank >= config.min_ndim]
    if config.only:
        chosen = [path for path in chosen if any(fnmatchcase(path, pattern) for pattern in config.only)]
    return [path for path in chosen if not any(fnmatchcase(path, pattern) for pattern in config.skip)]


def _matching(pattern: str, paths: Mapping[str, int]) -> list[str]:
    return [path for path in paths if fnmatchcase(path, pattern)]


def _shown(paths: Sequence[str]) -> str:
    return ", ".join(paths[:8]) + (", ..." if len(paths) > 8 else "")
