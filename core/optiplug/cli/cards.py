"""Descriptions of plugins, for `list`, `show` and `schema`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import typer

from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._registry.extras import how_to_install
from optiplug.errors import BrokenPluginError, ConfigError, PluginError, UnknownPluginError, nearest
from optiplug.registry import KINDS, Entry

from .unions import Schema

__all__ = ["Card", "card", "find", "own_fields", "schema_of"]


@dataclass(frozen=True)
class Card:
    """The description of one plugin, from its metadata, its Config class and the registry."""

    entry: Entry
    summary: str
    paper: str
    status: str
    error: str

    @property
    def reference(self) -> str:
        """The shortest reference that means this plugin."""
        return self.entry.qualified if self.status == "ambiguous" else self.entry.name

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
            "status": self.status,
            "error": self.error,
        }


def card(entry: Entry) -> Card:
    """Import the Config class of a plugin and describe it; a broken one is described by its error."""
    summary = paper = ""
    try:
        config = registry.load(entry)
        summary, paper = config.summary(), config.paper
    except PluginError:
        pass  # the registry keeps the error
    return Card(entry, summary, paper, registry.status(entry), registry.error(entry))


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


def own_fields(config: type[NamedConfig]) -> frozenset[str]:
    """Return the names of the fields that are the plugin's own, or that it has defined anew."""
    lineage = takewhile(lambda each: "kind" not in vars(each), inspect.getmro(config))
    annotated = frozenset(name for each in lineage for name in inspect.get_annotations(each))
    return annotated & frozenset(config.model_fields)


def schema_of(entry: Entry, references: str = "#/$defs/{model}") -> Schema:
    """Return the JSON Schema of a plugin's Config; raises BrokenPluginError if it has none."""
    config = registry.load(entry)
    try:
        schema: Schema = config.model_json_schema(ref_template=references)
    except Exception as error:
        raise BrokenPluginError(f"the config of {entry} has no JSON Schema: {error}") from error
    return schema
