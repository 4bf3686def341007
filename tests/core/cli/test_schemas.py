"""`optiplug schema`, judged by the package jsonschema."""

from __future__ import annotations

import contextlib
import json
import random
import re
from functools import reduce
from operator import getitem

import jsonschema
import pytest
import yaml
from jsonschema.exceptions import best_match

from optiplug import registry
from optiplug._config.facts import facts
from optiplug.cli.examples import example
from optiplug.document import parse, read
from optiplug.errors import ConfigError
from support.broken_configs import CASES
from support.fake_distributions import config_module
from support.page_blocks import blocks
from support.project_paths import ROOT
from support.schema_errors import of_ours, of_schema, why_only_ours

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
    ({"command": "trian"}, "$.command", "'trian' is not one of ["),
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


def configs_on_pages():
    """Yield each config that a page shows, as readers of YAML 1.1 see it, with the text of the page."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]:
        for _, block in blocks(path, "yaml"):
            value = yaml.safe_load(block)
            if {"use", "command"} & value.keys():
                yield value, path.read_text()


def test_configs_on_pages_are_valid_to_readers_of_yaml_1_1(everything):
    shown = list(configs_on_pages())
    assert len(shown) > 15
    for value, page in shown:
        if '"search":' in json.dumps(value):  # a search space, which is no config yet
            assert not valid(value, everything)
            continue
        for error in VALIDATOR(everything).iter_errors(value):
            # The page is about a plugin that it shows how to write.
            assert error.json_path.endswith(".use"), (value, error.message)
            assert f'\n{error.instance} = "' in page, (value, error.message)


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


@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_every_plugin_has_a_definition(everything, entry):
    definition = everything["$defs"][f"{entry.kind}.{entry.qualified}"]
    word = "command" if entry.kind == "commands" else "use"
    assert word in definition["required"]
    assert all("description" in field for name, field in definition["properties"].items() if name != word)


@pytest.mark.parametrize(("kind", "word"), [("schedules", "use"), ("commands", "command")])
def test_the_schema_of_one_plugin(run, everything, kind, word):
    entry = registry.entries(kind)[0]
    schema = json.loads(run("schema", entry.name, "--kind", kind, "--json").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    key = f"{kind}.{entry.qualified}"
    assert schema["$defs"][key] == everything["$defs"][key]
    assert not valid({word: "another"}, schema)


BROKEN = [(name.rpartition(".")[2], text) for name, text, *_ in CASES if isinstance(text, str)]


def documents():
    """Yield the broken configs of `optiplug check` that can be read at all."""
    for suffix, text in BROKEN:
        with contextlib.suppress(ConfigError):
            yield parse(text, suffix)


@pytest.mark.parametrize("document", list(documents()), ids=lambda each: str(each.data)[:50])
def test_a_broken_config_is_refused_where_we_refuse_it(everything, document):
    ours, theirs = of_ours(document), of_schema(VALIDATOR(everything), document)
    assert ours
    missed = [each for path, each in ours.items() if path not in theirs]
    assert all(why_only_ours(problem, document.data) for problem in missed), missed
    # Of a document with both `use` and `command` we say no more than that.
    assert theirs <= ours.keys() or {"use", "command"} <= document.data.keys()


def test_all_but_one_broken_config_is_refused(everything):
    missed = [each.data for each in documents() if VALIDATOR(everything).is_valid(each.data)]
    assert missed == [{"use": "sgd@optiplug-sgd>=99"}]


VALUES = [True, False, None, -1, 0, 1, 2, 2.5, 1e-3, "x", "auto", [], [1], ["a"], {}, {"use": "sgd"}]
PLACES = {"processors": ("processors", 0), "schedules": ("learning_rate",), "tasks": ("task",)}


def altered(entry, fields):
    """Yield the example of a plugin with a value in a field that it may not have there, for some fields."""
    config = registry.load(entry)
    text = example(entry, facts(entry, config)["example"])
    choose = random.Random(entry.qualified)  # noqa: S311  # the same ones in every run
    for name in choose.choices([*config.model_fields, "nosuch"], k=fields):
        data = parse(text, "yaml").data
        reduce(getitem, PLACES.get(entry.kind, ()), data)[name] = choose.choice(VALUES)
        yield parse(json.dumps(data), "json")


def test_the_schema_and_we_agree_on_altered_examples(everything):
    validator = VALIDATOR(everything)
    refused = 0
    for entry in registry.entries():
        for document in altered(entry, 8):
            ours, theirs = of_ours(document), of_schema(validator, document)
            refused += bool(ours)
            missed = [each for path, each in ours.items() if not any(on_one_way(at, path) for at in theirs)]
            assert all(why_only_ours(problem, document.data) for problem in missed), (document.data, missed)
            # A value with a wrong part in it may have no effect, too.
            assert all(any(on_one_way(path, at) for path in ours) for at in theirs), document.data
    assert refused > 200


def on_one_way(one, other):
    """Whether a path leads to the other, or further on, or from it; to the whole document, if both do."""
    shorter = min(len(one), len(other))
    return one == other or (shorter > 0 and one[:shorter] == other[:shorter])


DEEP = [
    "use: sgd\nclipnorm: 1\nglobal_clipnorm: 2",
    "use: sgd\nprocessors:\n  - use: clip_by_norm\n    max_norm: 0",
    "use: adam\nlearning_rate:\n  use: warmup\n  schedule: {use: constant, value: -1}\n  warmup_steps: 2",
    "command: train\ntask: digits\nsteps: 1\noptimizer: {use: sgd, nesterov: true}",
]


@pytest.mark.parametrize("text", DEEP)
def test_the_best_match_is_the_value(everything, text):
    document = parse(text, "yaml")
    best = best_match(VALIDATOR(everything).iter_errors(document.data))
    assert [tuple(best.absolute_path)] == list(of_ours(document))
    assert len(best.absolute_path) > 0


def test_a_broken_plugin_is_left_out_with_a_word_and_a_code(run, install):
    install(
        "fake-mixed",
        points={"optimizers": {"swift": "fake_swift:Swift", "exits": "fake_exits:Swift"}},
        modules={"fake_swift": config_module("Swift"), "fake_exits": "import os; os._exit(0)"},
    )
    result = run("schema")
    assert result.exit_code == 4
    assert "left out: exits@fake-mixed 1.0 cannot be imported from fake_exits:Swift" in result.stderr
    assert "exit code 0" in result.stderr
    keys = json.loads(result.stdout)["$defs"].keys()
    assert "optimizers.swift@fake-mixed" in keys
    assert "optimizers.exits@fake-mixed" not in keys
    alone = run("schema", "exits")
    assert (alone.exit_code, alone.stdout) == (4, "")


def test_a_blocked_plugin_is_left_out_without_a_word(run):
    registry.block("optiplug-lion")
    try:
        result = run("schema", "--kind", "optimizers")
    finally:
        registry.unblock("optiplug-lion")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "lion" not in json.loads(result.stdout)["$defs"]["optimizers.names"]["examples"]


def test_the_schema_of_one_kind(run):
    schema = json.loads(run("schema", "--kind", "schedules").stdout)
    assert valid({"use": "constant", "value": 1}, schema)
    assert not valid({"use": "sgd"}, schema)


def test_an_unknown_name(run):
    assert run("schema", "sgdd").exit_code == 4
