"""Which of the plugins on offer a reference means, or why it means none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optiplug.errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    BrokenPluginError,
    IncompatiblePluginError,
    PluginError,
    UnknownPluginError,
    nearest,
)

from .entry_points import Entry, Reference
from .extras import how_to_install
from .guard import absence
from .plugin_api import Incompatibility
from .troubles import Trouble

__all__ = ["chosen", "listed", "not_offered", "unusable"]

_ASK_ITS_AUTHORS = "its authors can mend it; `optiplug doctor` says more"


def chosen(
    offers: Sequence[Entry],
    wanted: Reference,
    reference: object,
    refusal: Callable[[Entry], tuple[str, str]],
    fault: Callable[[Entry], str],
) -> Entry:
    """Return the one of several offers of a name that is meant.

    Raises
    ------
    IncompatiblePluginError
        If none has a version that was asked for.
    BlockedPluginError
        If there is a `refusal` for each of them.
    AmbiguousPluginError
        If several distributions offer the name.
    BrokenPluginError
        If one distribution offers it twice, which is a `fault` of either.
    """
    fitting = [entry for entry in offers if wanted.accepts(entry.version)]
    if not fitting:
        rule = f"installed is {listed(offers)}, which will not do"
        raise IncompatiblePluginError(rule, received=reference, hint="install a version that fits")
    # A reserved name alone always means the standard installation.
    if wanted.distribution is None:
        fitting = [entry for entry in fitting if entry.built_in] or fitting
    allowed = [entry for entry in fitting if not refusal(entry)[0]]
    if not allowed:
        reason, hint = refusal(fitting[0])
        raise BlockedPluginError(f"{listed(fitting)} {reason}", received=reference, hint=hint)
    first = allowed[0]
    if len({entry.distribution for entry in allowed}) > 1:
        rule = f"several distributions offer this name: {listed(allowed)}"
        raise AmbiguousPluginError(rule, received=reference, hint=f"choose one, as in {first.qualified}")
    if len(allowed) > 1:  # which no reference can tell apart
        raise BrokenPluginError(f"{first}: {fault(first)}", received=reference, hint=_ASK_ITS_AUTHORS)
    return first


def not_offered(
    kind: str, wanted: Reference, reference: object, entries: Sequence[Entry], troubles: Sequence[Trouble]
) -> PluginError:
    """Return the error for a name that is not on offer among all `entries` of a kind."""
    if (told := absence(kind, wanted)) is not None:
        return told
    damaged = [each for each in troubles if (kind, wanted.name) in each.names]
    if damaged:
        what = f"{damaged[0].where} ({damaged[0].path}): {damaged[0].reason}"
        return BrokenPluginError(
            f"what offers it is damaged: {what}", received=reference, hint=damaged[0].hint
        )
    named = [entry for entry in entries if entry.name == wanted.name]
    if named:
        rule = f"this distribution offers no such plugin; installed is {listed(named)}"
        return UnknownPluginError(rule, received=reference)
    guess = nearest(wanted.name, [entry.name for entry in entries])
    hint = how_to_install(kind, wanted.name)
    hint = hint or f"{guess} `optiplug list` shows what is installed, pip installs more"
    rule = f"no installed distribution offers {wanted.name!r} among the {kind}"
    unread = [each for each in troubles if each.what == "unreadable" and not each.names]
    if unread:
        rule += f", unless it is in {unread[0].path}, which cannot be read"
        hint += "; see `optiplug doctor`"
    return UnknownPluginError(rule, received=reference, hint=hint.strip())


def unusable(entry: Entry, fault: str) -> PluginError:
    """Return the error for a plugin with a fault that its metadata shows."""
    if isinstance(fault, Incompatibility):
        return IncompatiblePluginError(f"{entry} {fault}")
    return BrokenPluginError(f"{entry}: {fault}", hint=_ASK_ITS_AUTHORS)


def listed(entries: Sequence[Entry]) -> str:
    """Return entries for a message."""
    return ", ".join(map(str, entries))
