"""`optiplug show`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from optiplug._config.facts import facts
from optiplug._registry.apart import ask
from optiplug._registry.descriptions import Description
from optiplug._registry.registry import installed_plugins
from optiplug._registry.trials import Trials
from optiplug.errors import BrokenPluginError
from optiplug.registry import Entry

from .cards import Card, card, find, reference
from .examples import example
from .output import FORMAT, print_json, print_table, print_text
from .types_in_words import type_in_words
from .unions import Schema

__all__ = ["show_plugin"]

Field: TypeAlias = dict[str, Any]
"""What there is to say of a field of a config."""
Row: TypeAlias = tuple[str, str, str]

_WORDS = {"integer": "whole number", "boolean": "true or false", "string": "text", "object": "mapping"}
_BOUNDS = {
    "exclusiveMinimum": ">",
    "minimum": ">=",
    "exclusiveMaximum": "<",
    "maximum": "<=",
    "multipleOf": "multiple of",
    "minLength": "length >=",
    "maxLength": "length <=",
    "minItems": "items >=",
    "maxItems": "items <=",
    "pattern": "matches",
}


def show_plugin(name: str, kind: str | None, as_json: bool) -> None:
    """Print the description and fields of one plugin; its implementation is not imported."""
    entry = find(name, kind)
    said = _facts(entry)
    plugin = card(entry, Description(said["summary"], said["paper"]), loaded=True)
    schema = said["schema"]
    shown = {
        "implementation": said["implementation"],
        "docstring": said["docstring"],
        "example": example(entry, said["example"]),
        "fields": _fields(schema),
        "parts": {name: _fields(part) for name, part in schema.get("$defs", {}).items()},
    }
    if as_json:
        print_json({"format": FORMAT, **plugin.as_json(), **shown})
    else:
        _print(plugin, shown, schema, said["own"])


def _facts(entry: Entry) -> Any:
    trials = Trials(installed_plugins.offers)
    trials.begin([entry])
    (answer,) = ask([entry], facts)
    trials.learn([answer])
    if answer.fault:
        raise BrokenPluginError(answer.fault)
    return answer.value


def _print(plugin: Card, shown: Field, schema: Schema, own: Sequence[str]) -> None:
    entry = plugin.entry
    print_text(f"{reference(entry)} ({entry.kind.removesuffix('s')})", "bold")
    print_text(f"\n{shown['example']}\n\n{shown['docstring']}\n")
    rows = _rows(schema)
    _print_fields("hyperparameters", [row for row in rows if row[0] in own])
    for name, part in schema.get("$defs", {}).items():
        _print_fields(f"each {name}", _rows(part))
    _print_fields(f"hyperparameters that all {entry.kind} have", [row for row in rows if row[0] not in own])
    facts = {
        "paper": plugin.paper,
        "distribution": f"{entry.distribution} {entry.version}".rstrip(),
        "config": entry.target,
        "implementation": shown["implementation"],
        "status": ": ".join(text for text in (plugin.status, plugin.error) if text),
    }
    print_table("origin", ("", ""), [item for item in facts.items() if item[1]])


def _print_fields(title: str, rows: Sequence[Row]) -> None:
    if rows:
        print_table(title, ("", "", ""), rows, folds=False)
        print_text("")


def _rows(schema: Schema) -> list[Row]:
    """Return name, type and default, and meaning of each field."""
    rows = []
    for field in _fields(schema):
        default = "required" if field["required"] else f"default {json.dumps(field['default'])}"
        words = type_in_words(schema["properties"][field["name"]])
        rows.append((field["name"], f"{words}; {default}", " ".join(field["description"].split())))
    return rows


def _fields(schema: Schema) -> list[Field]:
    required = schema.get("required", [])
    members = schema.get("properties", {}).items()
    return [_field(name, described, name in required) for name, described in members if name != "use"]


def _field(name: str, schema: Schema, required: bool) -> Field:
    return {
        "name": name,
        "type": _type(schema),
        "required": required,
        "default": schema.get("default"),
        "bounds": _bounds(schema),
        "description": schema.get("description", ""),
    }


def _type(schema: Schema) -> str:
    """Return the type of a value in words."""
    if "x-optiplug-kind" in schema:
        return str(schema["x-optiplug-kind"]).removesuffix("s")
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(member) for member in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for values in (schema.get("enum"), [schema["const"]] if "const" in schema else None):
        if values is not None:
            return " or ".join(map(json.dumps, values))
    name = schema.get("type", "any value")
    if name == "array":
        return f"list of {_type(schema.get('items') or next(iter(schema.get('prefixItems', [])), {}))}"
    return _WORDS.get(name, str(name))


def _bounds(schema: Schema) -> str:
    """Return the bounds of a value, whichever member of a union has them."""
    members = [schema, *schema.get("anyOf", [])]
    bounds = (f"{sign} {member[key]}" for member in members for key, sign in _BOUNDS.items() if key in member)
    return ", ".join(dict.fromkeys(bounds))
