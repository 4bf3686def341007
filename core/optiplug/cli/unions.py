"""Schemas of unions of which a validator can tell what is wrong with a value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

__all__ = ["SAYINGS", "Schema", "choice_by_type", "with_texts"]

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema."""

# Rules that hold for values of one type, and say nothing of all others.
_RULES = {
    "number": {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"},
    "string": {"pattern", "patternErrorMessage", "minLength", "maxLength"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "propertyNames"},
    "boolean": set(),
    "null": set(),
}
_RULES["integer"] = _RULES["number"]
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
SAYINGS = frozenset({"title", "description", "examples", "default"})
"""The keywords that tell of a value, and hold for none."""

# Readers of YAML 1.1 take 1e-3 for a text, since it has no point.
_SIGN = r"[-+]?"
_EXPONENTIAL = r"(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"


def choice_by_type(members: Sequence[Schema]) -> Schema:
    """Return a schema that accepts what one of these accepts.

    If they are of different types, it has the rules of each for its type, and no `anyOf`: the error of a
    validator is then the broken rule, and not that nothing fits.

    >>> choice_by_type([{"type": "number", "minimum": 0}, {"type": "null"}])
    {'type': ['number', 'null'], 'minimum': 0}
    >>> choice_by_type([{"type": "boolean"}, {"const": "auto"}])
    {'type': ['boolean', 'string'], 'if': {'type': 'string'}, 'then': {'const': 'auto'}}
    """
    types = [_types(member) for member in members]
    if not all(types) or any(_overlap(one, other) for one, other in combinations(types, 2)):
        return {"anyOf": list(members)}
    merged: Schema = {"type": [name for names in types for name in names]}
    conditions = []
    for member, names in zip(members, types, strict=True):
        rules = {key: rule for key, rule in member.items() if key not in {"type", *SAYINGS}}
        if all(any(key in _RULES[name] for name in names) for key in rules) and merged.keys().isdisjoint(
            rules
        ):
            merged |= rules
        elif rules:
            conditions.append({"if": {"type": names[0] if len(names) == 1 else names}, "then": rules})
    return merged | (conditions[0] if len(conditions) == 1 else {"allOf": conditions} if conditions else {})


def with_texts(schema: Schema) -> Schema:
    """Return a schema of numbers that also accepts texts such as ``1e-3``.

    >>> with_texts({"type": "number", "minimum": 0})["type"]
    ['number', 'string']
    """
    names = _types(schema) if "type" in schema else []
    if "number" not in names or "string" in names:
        return schema
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    sign = _SIGN if lowest is None or lowest < 0 else r"\+?"
    return {
        **schema,
        "type": [*names, "string"],
        "pattern": f"^{sign}{_EXPONENTIAL}",
        "patternErrorMessage": "Write a number, without quotation marks.",
    }


def _types(schema: Schema) -> list[str]:
    if "type" in schema:
        return [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    return list(dict.fromkeys(_NAMES[type(value)] for value in values))


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    numbers = {"integer", "number"}
    return bool(set(one) & set(other)) or bool(numbers & set(one) and numbers & set(other))
