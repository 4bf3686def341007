"""What a field of a config takes, in words: the same in `optiplug show` and in the documentation."""

from __future__ import annotations

import json

from .unions import Schema

__all__ = ["type_in_words"]

_NOUNS = {"boolean": "true or false", "integer": "whole number", "null": "none", "string": "text"}
_LARGEST = 2.0**31  # beyond it a bound is where numbers end, and no rule of a formula
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def type_in_words(field: Schema) -> str:
    """Say in words what a JSON Schema accepts.

    >>> type_in_words({"anyOf": [{"type": "null"}, {"type": "number", "minimum": 0}]})
    'number or none, at least 0'
    """
    if "anyOf" in field:
        return _any_of(field["anyOf"])
    if "const" in field or "enum" in field:
        return " or ".join(json.dumps(value) for value in field.get("enum", [field.get("const")]))
    if "$ref" in field:
        return f"a {str(field['$ref']).rpartition('/')[2]}"
    if "x-optiplug-kind" in field:
        return str(field["x-optiplug-kind"]).removesuffix("s")
    return ", ".join([_noun(field), *_limits(field)])


def _any_of(choices: list[Schema]) -> str:
    """Join what may be chosen, with the bounds of a number at the end: number or schedule, at least 0."""
    # A plugin is named by its text, too; that is how each of them is said.
    named = any("x-optiplug-kind" in each for each in choices)
    kept = [each for each in choices if not (named and each.get("type") == "string" and "const" not in each)]
    limits = [limit for each in kept for limit in _limits(each)]
    bare = [type_in_words({key: value for key, value in each.items() if key not in _BOUNDS}) for each in kept]
    none = ["none"] if "none" in bare else []
    joined = " or ".join([*dict.fromkeys(each for each in bare if each != "none"), *none])
    return ", ".join([joined, *dict.fromkeys(limits)])


def _noun(field: Schema) -> str:
    kind = field.get("type", "")
    if kind == "array":
        if "prefixItems" in field:
            return f"{len(field['prefixItems'])} of: {type_in_words(field['prefixItems'][0])}"
        many = f"list of at least {field['minItems']}" if "minItems" in field else "list of"
        return f"{many}: {type_in_words(field['items'])}" if "items" in field else "list"
    if kind == "object":
        inner = field.get("additionalProperties")
        return f"names with: {type_in_words(inner)}" if isinstance(inner, dict) else "mapping"
    return _NOUNS.get(kind, kind or "anything")


def _limits(field: Schema) -> list[str]:
    return [
        f"{said} {field[key]:g}" for key, said in _BOUNDS.items() if abs(field.get(key, _LARGEST)) < _LARGEST
    ]
