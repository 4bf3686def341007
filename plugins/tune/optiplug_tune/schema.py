"""The JSON Schema of configs in which ranges may stand for values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug.cli.schemas import document_schema
from optiplug.cli.unions import SAYINGS, Schema, with_texts

from .ranges import KINDS, REQUIRED

__all__ = ["range_schema", "search_schema"]

_FIXED = {"command", "plugins"}  # what a document is, and not what is searched
# The keywords of JSON Schema with the schemas of values inside of a value.
_INSIDE = ("items", "additionalProperties", "prefixItems")
_NUMBER, _WHOLE, _TRUTH = with_texts({"type": "number"}), {"type": "integer"}, {"type": "boolean"}


def search_schema() -> tuple[Schema, list[str]]:
    """Return the schema of a config with ranges in it, and the faults of broken plugins that are left out.

    Both ends of a range and each of its choices have to be what the field accepts.
    """
    schema, faults = document_schema()
    found: Schema = {"range": range_schema()}
    for key, definition in schema["$defs"].items():
        free = {
            name: field if name in _FIXED else _free(field, f"{key}.fields.{name}", found)
            for name, field in definition.get("properties", {}).items()
        }
        found[key] = {**definition, "properties": free} if free else definition
    return {**schema, "title": "optiplug config with ranges", "$defs": found}, faults


def range_schema() -> Schema:
    """Return the schema of a range.

    >>> range_schema()["allOf"][3]["then"]["required"]
    ['search', 'of']
    """
    kinds = [
        {
            "if": {"properties": {"search": {"const": kind}}},
            "then": {
                "properties": {"search": True, **{key: _of_key(kind, key) for key in keys}},
                "required": ["search", *REQUIRED[kind]],
                "additionalProperties": False,
            },
        }
        for kind, keys in KINDS.items()
    ]
    return {
        "type": "object",
        "description": "Values that `optiplug tune` searches for the best.",
        "properties": {"search": {"enum": list(KINDS)}},
        "required": ["search"],
        "allOf": kinds,
    }


def _of_key(kind: str, key: str) -> Schema:
    if key == "of":
        return {"type": "array", "minItems": 2, "uniqueItems": True}
    if kind == "choice":
        return {}
    number = _TRUTH if key == "log" else _WHOLE if kind == "int" else _NUMBER
    positive = (key == "low" and kind == "log") or key == "step"
    return {**number, "exclusiveMinimum": 0} if positive else number


def _free(value: Any, key: str, found: Schema) -> Any:
    """Return a reference to the schema of a value or a range of such values, which is added to `found`."""
    if not isinstance(value, Mapping):
        return value
    found[f"{key}.value"] = _inside(value, key, found)
    alone, free = {"$ref": f"#/$defs/{key}.value"}, {"$ref": f"#/$defs/{key}"}
    # By `if`, as of an `anyOf` a validator could say no more than that nothing fits.
    found[key] = {
        "if": {"type": "object", "required": ["search"]},
        "then": {"$ref": "#/$defs/range", "properties": {"low": alone, "high": alone, "of": {"items": free}}},
        "else": alone,
    }
    return {**{each: said for each, said in value.items() if each in SAYINGS}, **free}


def _inside(schema: Any, key: str, found: Schema) -> Any:
    """Return a schema in which ranges may stand for the items of a list and the values of a mapping."""
    if isinstance(schema, list):
        return [_inside(each, f"{key}.{number}", found) for number, each in enumerate(schema)]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: _free(each, f"{key}.{name}", found)
        if name in _INSIDE
        else _inside(each, f"{key}.{name}", found)
        for name, each in schema.items()
    }
