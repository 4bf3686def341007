"""Ranges to search that are given for values."""

from __future__ import annotations

import pytest

import optiplug
from optiplug._config.search_ranges import told_of_ranges
from optiplug.errors import ConfigError, Problem

RANGE = {"search": "log", "low": 1e-4, "high": 1e-1}
RULE = "is a range to search, and not a value"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"learning_rate": RANGE}, ("learning_rate",)),
        ({"nesterov": RANGE}, ("nesterov",)),
        ({"processors": RANGE}, ("processors",)),
        ({"processors": [{"use": "ema", "momentum": RANGE}]}, ("processors", 0, "momentum")),
        ({"processors": [RANGE]}, ("processors", 0)),
        ({"learning_rate": {"use": "constant", "value": RANGE}}, ("learning_rate", "value")),
        ({"use": RANGE}, ("use",)),
    ],
)
def test_a_range_for_a_value_is_called_one(fields, path):
    with pytest.raises(ConfigError) as caught:
        optiplug.from_config({"use": "sgd", **fields})

    (problem,) = caught.value.problems
    assert (problem.path, problem.rule, problem.received) == (path, RULE, RANGE)
    assert problem.hint.startswith("`optiplug tune FILE` finds a value in it")


def test_other_problems_beside_it_are_told():
    with pytest.raises(ConfigError) as caught:
        optiplug.create("sgd", learning_rate=RANGE, momentum=2, clipnorn=RANGE)

    rules = [problem.rule for problem in caught.value.problems]
    assert rules == [RULE, "must be <= 1", "is not a field of SGDConfig"]


def test_an_error_without_ranges_stays_the_same():
    schedule = {"use": "constant", "search": 1}
    error = ConfigError([Problem(("momentum",), "must be a number", schedule), Problem((), "is odd")])

    assert told_of_ranges(error) is error


def test_a_missing_command_comes_with_its_extra(monkeypatch):
    monkeypatch.setattr("optiplug._config.search_ranges._COMMAND", "train")
    monkeypatch.setattr("optiplug.registry.entries", lambda _: [])

    told = told_of_ranges(ConfigError("must be a number", received=RANGE))
    assert 'it comes with `pip install "optiplug[lab]"`' in told.problems[0].hint
