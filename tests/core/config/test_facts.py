"""What a Config says of itself can be carried to another process."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from optiplug import OptimizerConfig, PositiveFloat, registry
from optiplug._config.facts import definition, facts
from optiplug.errors import BrokenPluginError
from optiplug.registry import Entry

ENTRY = Entry("optimizers", "swift", "fake-swift", "1.0", "fake_swift:Swift")


class Swift(OptimizerConfig):
    """Be swift.

    At all times.

    >>> 1 + 1
    2
    """

    implementation = "fake_swift:Swift"
    paper = "None: a test"
    example: ClassVar = {"rate": 2}

    rate: PositiveFloat
    """How swift."""
    clipnorm: PositiveFloat | None = 3.0


def test_facts_are_what_the_class_says():
    said = facts(ENTRY, Swift)
    assert (said["summary"], said["paper"]) == ("Be swift.", "None: a test")
    assert said["docstring"] == "Be swift.\n\nAt all times."
    assert said["implementation"] == "fake_swift:Swift"
    assert said["own"] == ["clipnorm", "rate"]
    assert said["example"] == {"rate": 2, "clipnorm": 3.0}
    assert said["schema"]["properties"]["rate"]["description"] == "How swift."
    assert json.loads(json.dumps(said)) == said


def test_a_class_as_implementation_is_told_as_text():
    class Here(Swift):
        implementation = OptimizerConfig

    assert facts(ENTRY, Here)["implementation"] == "optiplug:OptimizerConfig"


def test_parts_of_a_definition_have_its_key():
    entry = registry.find("optimizers", "partition")
    schema = definition(entry, registry.load(entry))
    assert "#/$defs/optimizers.partition@optiplug-partition.Group" in json.dumps(schema)


def test_what_has_no_schema_is_broken():
    class Odd(OptimizerConfig):
        implementation = "a:B"
        value: object = object()
        other: Missing = 1  # noqa: F821

    with pytest.raises(BrokenPluginError, match=r"the config of swift@fake-swift 1.0 has no JSON Schema"):
        definition(ENTRY, Odd)


@pytest.mark.parametrize(
    "rewritten",
    [
        3,
        {},
        {"properties": {"rate": 3}, "required": []},
        {"properties": {"rate": {"anyOf": [None]}}, "required": []},
        {"properties": {"rate": {"minimum": "low"}}, "required": []},
        {"properties": {"rate": {"items": {"x-optiplug-kind": "nothing"}}}, "required": []},
        {"properties": {}, "required": [], "$defs": []},
    ],
    ids=str,
)
def test_a_schema_that_is_none_is_broken(rewritten):
    class Odd(Swift):
        @classmethod
        def model_json_schema(cls, **_):
            return rewritten

    with pytest.raises(BrokenPluginError, match="has a JSON Schema that is none"):
        facts(ENTRY, Odd)


def test_a_paper_must_be_a_text():
    class Odd(Swift):
        paper = 3

    with pytest.raises(BrokenPluginError, match=r"`paper` of swift@fake-swift 1.0 must be a text"):
        facts(ENTRY, Odd)
