"""Types of fields, in words."""

from __future__ import annotations

import pytest

from optiplug.cli.types_in_words import type_in_words


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            {"anyOf": [{"type": "number", "minimum": 0}, {"x-optiplug-kind": "schedules", "type": "object"}]},
            "number or schedule, at least 0",
        ),
        ({"type": "integer", "minimum": 1, "maximum": 2**53}, "whole number, at least 1"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number, above 0, at most 1"),
        ({"anyOf": [{"type": "null"}, {"type": "number", "minimum": 0}]}, "number or none, at least 0"),
        ({"anyOf": [{"type": "string"}, {"x-optiplug-kind": "optimizers"}]}, "optimizer"),
        (
            {"anyOf": [{"type": "boolean"}, {"const": "auto", "type": "string"}]},
            'true or false or "auto"',
        ),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list of at least 1: text"),
        ({"type": "array", "prefixItems": [{"type": "number"}] * 3}, "3 of: number"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "names with: text"),
        ({"$ref": "#/$defs/Group"}, "a Group"),
    ],
)
def test_types_are_said_in_words(schema, said):
    assert type_in_words(schema) == said
