"""Descriptions of plugins, for `list` and `show`; no plugin is imported in this process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import typer

from optiplug import registry
from optiplug._registry.descriptions import Description, Descriptions
from optiplug._registry.extras import how_to_install
from optiplug._registry.registry import installed_plugins
from optiplug._registry.trials import Trials
from optiplug.errors import ConfigError, UnknownPluginError, nearest
from optiplug.registry import KINDS, Entry

__all__ = ["Card", "card", "cards", "find", "reference"]


@dataclass(frozen=True)
class Card:
    """The description of one plugin, from its metadata, the source of its Config class and the registry."""

    entry: Entry
    summary: str
    paper: str
    note: str
    status: str
    error: str

    @property
    def text(self) -> str:
        """What to say of it in one line."""
        return self.error or self.summary or self.note

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        entry = self.entry
        return {
            "kind": entry.kind,
            "name": entry.name,
            "distribution": entry.distribution,
            "version": entry.version,
            "built_in": entry.built_in,
            "module": entry.target,
            "summary": self.summary,
            "paper": self.paper,
            "note": self.note,
            "status": self.status,
            "error": self.error,
        }


def cards(entries: Iterable[Entry]) -> list[Card]:
    """Describe plugins without importing them; one that cannot be used is described by its error."""
    descriptions, trials = Descriptions(), Trials(installed_plugins.offers)
    return [_card(entry, descriptions, trials) for entry in entries]


def _card(entry: Entry, descriptions: Descriptions, trials: Trials) -> Card:
    # What code has registered may have no source, and is here already.
    if installed_plugins.is_registered(entry):
        config = registry.load(entry)
        return card(entry, Description(config.summary(), config.paper), loaded=True)
    said, trial = descriptions.of(entry), trials.of(entry)
    # What a trial has shown is told, and hides nothing of what metadata and sources show.
    if trial and trial.failure and not said.fault:
        said = replace(said, fault=f"{trial.failure} (tried on {trial.day})")
    return card(entry, said, loaded=False)


def card(entry: Entry, description: Description, *, loaded: bool) -> Card:
    """Put together what is known of a plugin; `loaded` says whether it has been imported to know it."""
    status, error = registry.status(entry), registry.error(entry)
    if status in {"indexed", "loaded"}:
        status = "loaded" if loaded else "indexed"
    if description.fault and status not in {"blocked", "broken"}:
        status, error = "broken", description.fault
    return Card(entry, description.summary, description.paper, description.note, status, error)


def reference(entry: Entry) -> str:
    """Return the shortest reference that means this plugin."""
    return entry.qualified if registry.status(entry) == "ambiguous" else entry.name


def find(name: str, kind: str | None) -> Entry:
    """Return the plugin that `name` means; raises a usage error if several kinds have one."""
    found = []
    for each in [kind] if kind else KINDS:
        try:
            found.append(registry.find(each, name))
        except UnknownPluginError:
            continue
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from None
    if len(found) > 1:
        kinds = " and ".join(entry.kind for entry in found)
        raise typer.BadParameter(f"{name!r} is in {kinds}; choose with --kind")
    if not found:
        guess = nearest(name, {entry.name for entry in registry.entries(kind)})
        missing = (how_to_install(each, name.partition("@")[0]) for each in ([kind] if kind else KINDS))
        hint = next(filter(None, missing), f"{guess} `optiplug list` shows what is installed".strip())
        raise UnknownPluginError("no installed distribution offers this", received=name, hint=hint)
    return found[0]
