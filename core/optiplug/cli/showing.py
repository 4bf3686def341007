"""`optiplug show`."""

from __future__ import annotations

import inspect
import json
from typing import Any

from optiplug import registry

from .cards import Card, card, find, schema_of
from .output import FORMAT, print_json, print_table, print_text

__all__ = ["show_plugin"]

_COLUMNS = {"name": False, "type": True, "default": True, "bounds": True, "description": True}
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
    config = registry.load(entry)
    schema = schema_of(entry)
    fields = [
        _field(field, described, field in schema["required"])
        for field, described in schema["properties"].items()
        if field != "use"
    ]
    target = config.implementation
    implementation = target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"
    docstring = inspect.getdoc(config) or ""
    if as_json:
        more = {"implementation": implementation, "docstring": docstring, "fields": fields}
        print_json({"format": FORMAT, **card(entry).as_json(), **more})
    else:
        _print(card(entry), docstring, implementation, fields)


def _print(plugin: Card, docstring: str, implementation: str, fields: list[dict[str, Any]]) -> None:
    entry = plugin.entry
    print_text(f"{plugin.reference} ({entry.kind})", "bold")
    print_text(f"{docstring}\n")
    rows = [[_cell(field, column) for column in _COLUMNS] for field in fields]
    print_table("fields", _COLUMNS, rows)
    print_text("")
    facts = {
        "paper": plugin.paper,
        "distribution": f"{entry.distribution} {entry.version}".rstrip(),
        "config": entry.target,
        "implementation": implementation,
        "status": ": ".join(text for text in (plugin.status, plugin.error) if text),
    }
    print_table("origin", {"": False, " ": True}, [item for item in facts.items() if item[1]])


def _cell(field: dict[str, Any], column: str) -> str:
    if column != "default":
        return " ".join(str(field[column]).split())
    return "required" if field["required"] else json.dumps(field["default"])


def _field(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "type": _type(schema),
        "required": required,
        "default": schema.get("default"),
        "bounds": _bounds(schema),
        "description": schema.get("description", ""),
    }


def _type(schema: dict[str, Any]) -> str:
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
        return f"list of {_type(schema.get('items', {}))}"
    return _WORDS.get(name, str(name))


def _bounds(schema: dict[str, Any]) -> str:
    """Return the bounds of a value, whichever member of a union has them."""
    members = [schema, *schema.get("anyOf", [])]
    bounds = (f"{sign} {member[key]}" for member in members for key, sign in _BOUNDS.items() if key in member)
    return ", ".join(dict.fromkeys(bounds))
