"""What differs between two lock files."""

from __future__ import annotations

from collections.abc import Iterator

from .lock_file import LockedDistribution, LockFile

__all__ = ["changes"]

_SHOWN = 12
_NOTHING = "-"


def changes(before: LockFile | None, now: LockFile) -> Iterator[tuple[str, str, str]]:
    """Yield each distribution and plugin that differs, with what it was and what it is; "-" is nothing.

    Where something was installed from does not count: the files tell what it is.

    >>> lock = LockFile(format=1, distributions={"optiplug-core": {"version": "1.0", "sha256": "0" * 64}})
    >>> list(changes(None, lock))
    [('optiplug-core', '-', '1.0')]
    """
    former = {} if before is None else before.distributions
    for name in sorted({*former, *now.distributions}):
        one, other = former.get(name), now.distributions.get(name)
        if one is None or other is None or one.version != other.version:
            yield name, one.version if one else _NOTHING, other.version if other else _NOTHING
        elif one.sha256 != other.sha256:
            yield f"files of {name} {one.version}", f"{one.sha256[:_SHOWN]}...", f"{other.sha256[:_SHOWN]}..."
        for fact in sorted(_facts(one) ^ _facts(other)):
            yield f"{fact} {name}", *(("-", "locked") if fact in _facts(other) else ("locked", "-"))


def _facts(locked: LockedDistribution | None) -> set[str]:
    """Return the plugins and requirements of a distribution as words."""
    if locked is None:
        return set()
    plugins = {
        f"{kind.removesuffix('s')} {name} of" for kind, names in locked.plugins.items() for name in names
    }
    return {*plugins, *(f"{name}, required by" for name in locked.requires)}
