"""`optiplug schema`, judged by the package jsonschema."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

from optiplug import registry
from optiplug.document import parse, read
from support.project_paths import ROOT

VALIDATOR = jsonschema.Draft202012Validator


def valid(value, schema):
    return VALIDATOR(schema).is_valid(value)


@pytest.fixture(scope="module")
def everything():
    from optiplug.cli.schemas import document_schema

    schema, faults = document_schema()
    assert faults == []
    return schema


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
    assert valid(config, everything)


@pytest.mark.parametrize("config", BAD, ids=str)
def test_refuses_what_is_wrong(everything, config):
    assert not valid(config, everything)


NAMES = "is not one of ['"
NESTED = {"use": "partition", "groups": [{"name": "a", "optimizer": {"use": "sgd", "momentum": 2}}]}
TOLD = [
    ({}, "$", "'use' is a required property"),
    ({"use": "sdg"}, "$.use", NAMES),
    ({"use": "sgd@nobody"}, "$.use", "does not match"),
    ({"command": "trian"}, "$.command", "is not one of ['train']"),
    ({"use": "sgd", "momentun": 0.9}, "$", "'momentun' was unexpected"),
    ({"use": "sgd", "momentum": 2}, "$.momentum", "2 is greater than the maximum of 1"),
    ({"use": "sgd", "clipnorm": 0}, "$.clipnorm", "0 is less than or equal to the minimum of 0"),
    ({"use": "sgd", "clipnorm": True}, "$.clipnorm", "True is not of type 'number'"),
    ({"use": "sgd", "jit_compile": "no"}, "$.jit_compile", "'auto' was expected"),
    ({"use": "sgd", "learning_rate": {"use": "cosin"}}, "$.learning_rate.use", NAMES),
    ({"use": "sgd", "processors": ["emma"]}, "$.processors[0]", NAMES),
    ({"use": "sgd", "processors": [{"use": "ema", "momentum": 2}]}, "$.processors[0].momentum", "maximum"),
    (NESTED, "$.groups[0].optimizer.momentum", "maximum"),
    (
        {"command": "train", "task": "digits", "steps": 1, "optimizer": NESTED},
        "$.optimizer.groups[0].optimizer.momentum",
        "maximum",
    ),
]


@pytest.mark.parametrize(("config", "path", "message"), TOLD, ids=lambda each: str(each)[:40])
def test_an_error_is_the_rule_that_is_broken(everything, config, path, message):
    (error,) = VALIDATOR(everything).iter_errors(config)
    assert error.json_path == path
    assert message in error.message


READERS = {"YAML 1.1": yaml.safe_load, "YAML 1.2": lambda text: parse(text, "yaml").data}


@pytest.mark.parametrize("load", READERS.values(), ids=READERS)
@pytest.mark.parametrize("number", ["1e-3", "1E3", "+2e-4", "1.5e3", ".5e-1"])
def test_numbers_with_exponents_are_numbers_to_every_reader(everything, load, number):
    text = f"use: adam\nlearning_rate: {number}\nprocessors: [{{use: ema, momentum: 5e-1}}]"
    assert valid(load(text), everything)
    assert not valid(load(text.replace(": +", ": ").replace("_rate: ", "_rate: -")), everything)


def test_the_readme_is_valid_to_readers_of_yaml_1_1(everything):
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/configs-and-errors.md").read_text()
    blocks = re.findall(r"```yaml\n(use: .*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert list(VALIDATOR(everything).iter_errors(yaml.safe_load(block))) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*.yaml")), ids=lambda path: path.name)
def test_accepts_the_examples(everything, path):
    assert valid(read(path).data, everything)


def test_every_reference_has_its_definition(everything):
    references = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(everything)))
    assert references <= set(everything["$defs"])
    assert not {"anyOf", "oneOf"} & set(re.findall(r'"(\w+)":', json.dumps(everything)))
    assert "x-optiplug-kind" not in json.dumps(everything)
    assert {f"optimizers.{entry.qualified}" for entry in registry.entries("optimizers")} <= references
    VALIDATOR.check_schema(everything)


def test_patterns_have_no_escapes_that_ecma_refuses(everything):
    patterns = re.findall(r'"pattern": ("[^"]*")', json.dumps(everything))
    assert {each for text in patterns for each in re.findall(r"\\.", json.loads(text))} <= {
        r"\.",
        r"\s",
        r"\+",
    }


@pytest.mark.sampled(5)
@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_the_schema_of_one_plugin(run, entry):
    result = run("schema", entry.name, "--kind", entry.kind, "--json")
    schema = json.loads(result.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    definition = schema["$defs"][f"{entry.kind}.{entry.qualified}"]
    word = "command" if entry.kind == "commands" else "use"
    assert word in definition["required"]
    assert all("description" in field for name, field in definition["properties"].items() if name != word)
    assert not valid({word: "another"}, schema)


def test_the_schema_of_one_kind(run):
    schema = json.loads(run("schema", "--kind", "schedules").stdout)
    assert valid({"use": "constant", "value": 1}, schema)
    assert not valid({"use": "sgd"}, schema)


def test_an_unknown_name(run):
    assert run("schema", "sgdd").exit_code == 4
