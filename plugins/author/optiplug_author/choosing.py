"""Which installed plugins a command is about."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from packaging.utils import canonicalize_name

from optiplug import ConfigError, UnknownPluginError, registry
from optiplug.errors import nearest
from optiplug.registry import Entry

from .names import KINDS

__all__ = ["chosen", "of_distribution"]


def chosen(names: Sequence[str], kind: str | None, distributions: Sequence[str]) -> list[Entry]:
    """Return the plugins with these names and those of these distributions, each once.

    Raises
    ------
    typer.BadParameter
        If a name is malformed or stands for several kinds, if there is no such kind, or nothing is named.
    PluginError
        If a plugin or a distribution is not there, or cannot be used.
    """
    if not names and not distributions:
        raise typer.BadParameter("name a plugin, or a distribution with --distribution", param_hint="NAME")
    kinds = _kinds(kind)
    found = [_named(name, kinds) for name in names]
    found += [entry for name in distributions for entry in of_distribution(name) if entry.kind in kinds]
    return list(dict.fromkeys(found))


def of_distribution(name: str) -> list[Entry]:
    """Return the plugins of a distribution, however its name is spelt.

    Raises
    ------
    UnknownPluginError
        If it is not installed, or offers none.
    """
    entries = registry.entries()
    found = [each for each in entries if canonicalize_name(each.distribution) == canonicalize_name(name)]
    if not found:
        guess = nearest(name, {each.distribution for each in entries})
        hint = f"{guess} `optiplug list --wide` shows what is installed".strip()
        raise UnknownPluginError("no distribution of this name offers plugins", received=name, hint=hint)
    return found


def _kinds(kind: str | None) -> list[str]:
    if kind is None:
        return list(registry.KINDS)
    plural = KINDS.get(kind, kind)
    if plural not in registry.KINDS:
        hint = nearest(kind, [*KINDS, *registry.KINDS]) or f"the kinds are {', '.join(KINDS)}"
        raise typer.BadParameter(f"{kind!r} is no kind of plugin; {hint}", param_hint="--kind")
    return [plural]


def _named(name: str, kinds: Sequence[str]) -> Entry:
    found, unknown = [], None
    for kind in kinds:
        try:
            found.append(registry.find(kind, name))
        except UnknownPluginError as error:
            unknown = error
        except ConfigError as error:
            raise typer.BadParameter(str(error), param_hint="NAME") from None
    if len(found) > 1:
        places = " and ".join(entry.kind for entry in found)
        raise typer.BadParameter(f"{name!r} is in {places}; choose with --kind", param_hint="NAME")
    if found:
        return found[0]
    if unknown is not None and len(kinds) == 1:
        raise unknown
    guess = nearest(name.partition("@")[0], {entry.name for entry in registry.entries()})
    hint = f"{guess} `optiplug list` shows what is installed".strip()
    raise UnknownPluginError("no installed distribution offers this", received=name, hint=hint)
