"""`optiplug schema`, judged by a small JSON Schema validator."""

from __future__ import annotations

import json
import operator
import re

import pytest

from optiplug import registry
from optiplug.document import read
from support.project_paths import ROOT

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
BOUNDS = {
    "minimum": operator.ge,
    "exclusiveMinimum": operator.gt,
    "maximum": operator.le,
    "exclusiveMaximum": operator.lt,
}


def valid(value, schema, root):
    """Whether `value` fits `schema`; knows the keywords that config schemas use."""
    target = schema.get("$ref", "").removeprefix("#/$defs/")
    rules = [
        not target or valid(value, root["$defs"][target], root),
        "type" not in schema or of_type(value, schema["type"]),
        "const" not in schema or value == schema["const"],
        "enum" not in schema or value in schema["enum"],
        not isinstance(value, str) or re.search(schema.get("pattern", ""), value),
        not isinstance(value, int | float)
        or all(fits(value, schema[bound]) for bound, fits in BOUNDS.items() if bound in schema),
        "anyOf" not in schema or any(valid(value, member, root) for member in schema["anyOf"]),
        "oneOf" not in schema or sum(valid(value, member, root) for member in schema["oneOf"]) == 1,
        not isinstance(value, list) or all(valid(item, schema.get("items", {}), root) for item in value),
        not isinstance(value, dict) or valid_members(value, schema, root),
    ]
    return all(rules)


def of_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def valid_members(value, schema, root):
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        member = schema.get("properties", {}).get(key, others)
        if member is False or (member is not True and not valid(item, member, root)):
            return False
    return set(schema.get("required", [])) <= set(value)


@pytest.fixture(scope="module")
def everything():
    from optiplug.cli.schemas import document_schema

    return document_schema()


GOOD = [
    {"use": "sgd"},
    {"use": "sgd@optiplug-sgd"},
    {"use": "sgd@optiplug-sgd>=0.1,<2", "learning_rate": 1},
    {"use": "adam", "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 5}},
    {
        "use": "sgd",
        "learning_rate": {"use": "warmup", "schedule": {"use": "constant", "value": 1}, "warmup_steps": 2},
    },
    {
        "use": "sgd",
        "processors": [{"use": "clip_by_norm", "max_norm": 1}, {"use": "ema", "only": ["*/kernel"]}],
    },
    {"command": "train", "task": {"use": "digits"}, "optimizer": {"use": "sgd"}, "steps": 3},
]
BAD = [
    {},
    {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 5},
    {"use": "os.system"},
    {"use": "sgd", "momentun": 0.9},
    {"use": "sgd", "momentum": 2},
    {"use": "sgd", "learning_rate": True},
    {"use": "sgd", "learning_rate": "0.1"},
    {"use": "sgd", "learning_rate": {"use": "cosine"}},
    {"use": "sgd", "learning_rate": {"use": "ema"}},
    {"use": "sgd", "processors": [{"use": "clip_by_norm"}]},
    {"use": "sgd", "command": "train"},
    {"command": "train", "task": {"use": "digits"}, "optimizer": {"use": "sgd", "momentum": 2}, "steps": 3},
    {"command": "train", "optimizer": {"use": "sgd"}, "steps": 3},
]


@pytest.mark.parametrize("config", GOOD, ids=str)
def test_accepts_what_is_right(everything, config):
    assert valid(config, everything, everything)


@pytest.mark.parametrize("config", BAD, ids=str)
def test_refuses_what_is_wrong(everything, config):
    assert not valid(config, everything, everything)


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*.yaml")), ids=lambda path: path.name)
def test_accepts_the_examples(everything, path):
    assert valid(read(path).data, everything, everything)


def test_every_reference_has_its_definition(everything):
    references = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(everything)))
    assert references <= set(everything["$defs"])
    assert "x-optiplug-kind" not in json.dumps(everything)
    assert {f"optimizers.{entry.qualified}" for entry in registry.entries("optimizers")} <= references


@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_the_schema_of_one_plugin(run, entry):
    result = run("schema", entry.name, "--kind", entry.kind, "--json")
    schema = json.loads(result.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    definition = schema["$defs"][f"{entry.kind}.{entry.qualified}"]
    word = "command" if entry.kind == "commands" else "use"
    assert word in definition["required"]
    assert all("description" in field for name, field in definition["properties"].items() if name != word)
    assert not valid({word: "another"}, schema, schema)


def test_the_schema_of_one_kind(run):
    schema = json.loads(run("schema", "--kind", "schedules").stdout)
    assert valid({"use": "constant", "value": 1}, schema, schema)
    assert not valid({"use": "sgd"}, schema, schema)


def test_an_unknown_name(run):
    assert run("schema", "sgdd").exit_code == 4
