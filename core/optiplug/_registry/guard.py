"""Who is asked before a plugin is imported, for as long as a block of code runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from optiplug.errors import PluginError

from .entry_points import Entry, Reference

__all__ = ["Guard", "absence", "in_force", "require_permission"]


class Guard(Protocol):
    """Decides which plugins may be used, such as those in a lock file."""

    def permit(self, entry: Entry, *, by_code: bool) -> None:
        """Return if this plugin may be used, which code has registered or a distribution offers.

        Raises
        ------
        PluginError
            If it may not.
        """
        ...

    def absent(self, kind: str, wanted: Reference) -> PluginError | None:
        """Return what is to be said of a plugin that is not installed; None if nothing is known of it."""
        ...


in_force: ContextVar[Guard | None] = ContextVar("optiplug_guard", default=None)
"""The guard of this thread; None: everything may be used."""


def require_permission(entry: Entry, *, by_code: bool) -> None:
    """Ask the guard that is in force, if any, whether a plugin may be used.

    Raises
    ------
    PluginError
        If it may not.
    """
    # Also of what is imported already: by whom, and of which files, is not known.
    if (guard := in_force.get()) is not None:
        guard.permit(entry, by_code=by_code)


def absence(kind: str, wanted: Reference) -> PluginError | None:
    """Return what the guard that is in force, if any, says of a plugin that is not installed."""
    guard = in_force.get()
    return None if guard is None else guard.absent(kind, wanted)
