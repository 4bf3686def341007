"""Unions whose errors are rules, and numbers that readers of YAML 1.1 take for texts."""

from __future__ import annotations

import jsonschema
import pytest

from optiplug.cli.unions import choice_by_type, with_texts

NUMBER, NULL = {"type": "number", "minimum": 0}, {"type": "null"}
LIST = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("members", "right", "wrong"),
    [
        ([NUMBER, NULL], [1, 0.5, None], [-1, "a", True, []]),
        ([NUMBER, {"$ref": "#/$defs/x", "type": "object"}], [1, {"a": 1}], [{}, -1, None]),
        ([{"type": "boolean"}, {"const": "auto"}], [True, "auto"], ["no", 1]),
        ([{"enum": ["a", "b"]}, LIST, NULL], ["a", [1], None], ["c", ["a"], 1]),
        ([{"enum": ["a", 1]}, NULL], ["a", 1, None], ["b", 2]),
        ([{"type": "string", "pattern": "^a"}, {"type": "array", "maxItems": 1}], ["ab", [1]], ["b", [1, 2]]),
        ([choice_by_type([NUMBER, NULL]), {"const": "x"}], [1, None, "x"], [-1, "y"]),
    ],
    ids=str,
)
def test_members_of_different_types_need_no_union(members, right, wrong):
    schema = choice_by_type(members)
    assert "anyOf" not in schema
    defined = {**schema, "$defs": {"x": {"required": ["a"]}}}
    plain = {"anyOf": members, "$defs": defined["$defs"]}
    for each in (defined, plain):
        validator = jsonschema.Draft202012Validator(each)
        assert all(map(validator.is_valid, right))
        assert not any(map(validator.is_valid, wrong))


@pytest.mark.parametrize(
    "members", [[NUMBER, {"type": "integer"}], [{"type": "string"}, {"const": "a"}], [{}, NULL]], ids=str
)
def test_members_of_one_type_stay_a_union(members):
    assert choice_by_type(members) == {"anyOf": members}


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "number"}, ["1e-3", "-1E3", ".5e2", "+1.e-7"], ["1", "0.1", "e3", "1e", "fast", "1e3 "]),
        ({"type": "number", "minimum": 0}, ["1e-3", "+1e3"], ["-1e3"]),
        ({"type": ["number", "null"], "exclusiveMinimum": 0}, ["1e-3", None], ["-1e3"]),
        ({"type": "number", "minimum": -1}, ["-1e-3"], ["x"]),
        ({"type": ["number", "string"]}, ["fast"], [None]),
        ({"type": "integer"}, [1], ["1e3"]),
    ],
    ids=str,
)
def test_texts_with_exponents_are_numbers(schema, right, wrong):
    validator = jsonschema.Draft202012Validator(with_texts(schema))
    assert all(map(validator.is_valid, right))
    assert not any(map(validator.is_valid, wrong))
