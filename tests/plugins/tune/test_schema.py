"""The schema of configs with ranges accepts and refuses what `optiplug tune` does, at the same places."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from optiplug import registry
from optiplug._config.facts import facts
from optiplug.cli.examples import example
from optiplug.cli.schemas import document_schema
from optiplug.document import parse
from optiplug.errors import ConfigError
from optiplug_tune.schema import search_schema
from optiplug_tune.space import read_space
from support.broken_spaces import CASES
from support.page_blocks import FENCE
from support.project_paths import ROOT
from support.schema_errors import of_schema

ENTRIES = [each for each in registry.entries() if each.kind in {"optimizers", "processors", "schedules"}]
WRONG = {"no": {"such": "value"}}
# What relates numbers to each other, or is tried with values that no schema has.
ONLY_OURS = (
    "must be less than `high`",
    "must be > 0 in a range on a logarithmic scale",  # of `int`, where `log` decides
    "cannot be combined with `log`",
    "must lead from `low` to `high` in whole steps",
    "at most high - low",
    "must be from ",
    "must be one of the choices",
    "must be 0, or 1.1754944e-38 or more",
    "there is no range to search",
    "with it `",
    "with its default",
    "must be a whole number",  # of the middle of a range of numbers with a point
)


@pytest.fixture(scope="module")
def validator():
    schema, faults = search_schema()
    assert faults == []
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def spaces():
    """Yield the configs with ranges that the pages on tuning show."""
    for page in ("tuning.md", "tuning-ranges.md"):
        text = (ROOT / "docs" / page).read_text()
        yield from (code for kind, code in FENCE.findall(text) if kind == "yaml")
        yield from (
            part.partition("\n\n")[2].partition("```")[0] for part in text.split("```{code-block} yaml")[1:]
        )


@pytest.mark.parametrize("text", list(spaces()))
def test_what_the_pages_show_is_accepted(validator, text):
    document = parse(text, "yaml")
    assert read_space(document).ranges
    assert of_schema(validator, document) == set()


def problems(text):
    """Return what `optiplug tune` says of a broken space."""
    with pytest.raises(ConfigError) as caught:
        read_space(parse(text, "yaml"))
    return caught.value.problems


@pytest.mark.parametrize("text", dict.fromkeys(text for text, *_ in CASES))
def test_a_broken_space_is_refused_where_we_refuse_it(validator, text):
    theirs = of_schema(validator, parse(text, "yaml"))
    for problem in problems(text):
        near = any(on_one_way(problem.path, path) for path in theirs)
        assert near or any(rule in str(problem) for rule in ONLY_OURS), (problem, theirs)


def on_one_way(one, other):
    """Whether one path leads to the other, or further on."""
    shorter = min(len(one), len(other))
    return shorter > 0 and one[:shorter] == other[:shorter]


def test_each_reason_for_which_only_we_refuse_is_there(validator):
    accepted = [text for text, *_ in CASES if validator.is_valid(parse(text, "yaml").data)]
    said = " ".join(str(problem) for text in accepted for problem in problems(text))
    assert [rule for rule in ONLY_OURS if rule not in said] == []


def documents(entry):
    """Yield the fields of a plugin's example, and what makes it a document with another value there."""
    data = parse(example(entry, facts(entry, registry.load(entry))["example"]), "yaml").data
    within = {"processors": ("processors", 0), "schedules": ("learning_rate",)}.get(entry.kind, ())
    own = data
    for key in within:
        own = own[key]
    for name, value in own.items():
        if name != "use":

            def other(changed, own=own, name=name):
                own[name], before = changed, own[name]
                made = json.loads(json.dumps(data))
                own[name] = before
                return made

            yield (*within, name), value, other


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_a_choice_may_stand_for_any_value(validator, entry):
    for path, value, other in documents(entry):
        assert validator.is_valid(other(value)), path
        # Nothing is wrong with it but that they are the same, and that it may have no effect.
        same = parse(json.dumps(other({"search": "choice", "of": [value, value]})), "json")
        assert of_schema(validator, same) - {path} == {(*path, "of")}
        wrong = parse(json.dumps(other({"search": "choice", "of": [value, WRONG]})), "json")
        theirs = of_schema(validator, wrong)
        assert theirs - {path}
        assert all(each[: len(path) + 2] == (*path, "of", 1) for each in theirs - {path}), theirs


def test_what_has_no_range_is_as_before(validator):
    plain = Draft202012Validator(document_schema()[0])
    for entry in ENTRIES:
        for path, _, other in documents(entry):
            for value in (True, None, -1, 0, 0.5, "x", [], {}, {"use": "sgd"}):
                document = parse(json.dumps(other(value)), "json")
                assert of_schema(validator, document) == of_schema(plain, document), (path, value)


def test_the_command_prints_it_without_tensorflow():
    command = [sys.executable, "-X", "importtime", "-m", "optiplug.cli", "tune", "--schema"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert json.loads(result.stdout) == json.loads(json.dumps(search_schema()[0]))
    assert "tensorflow" not in result.stderr
