"""What is wrong with a config, told all at once, with the place of each problem."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from pydantic import Field, field_validator

from optiplug import (
    OptimizerConfig,
    registry,
)
from optiplug._config.base import resolve
from optiplug.errors import ConfigError
from support.fake_distributions import fake_distribution
from support.sample_configs import Chain, Decay, Sample


@pytest.fixture(autouse=True)
def _names(registered):
    for config, name in ((Decay, "decay"), (Chain, "chain"), (Sample, "sample")):
        registered(config, name)


def problems_of(kind, value):
    with pytest.raises(ConfigError) as caught:
        resolve(kind, value)
    return {problem.path: problem for problem in caught.value.problems}


def test_every_problem_is_found_at_once_with_its_path():
    found = problems_of(
        "optimizers",
        {
            "use": "sample",
            "learning_rate": {
                "use": "chain",
                "schedules": [{"use": "decay", "rate": 0}, {"use": "dekay"}, 3],
            },
            "mode": "quick",
            "momentum": 3,
            "inner": {"use": "sample", "inner": {"use": "sample", "learning_rat": 1, "clipnorm": "1"}},
            "use_ema": 1,
        },
    )
    assert {path: problem.rule for path, problem in found.items()} == {
        ("learning_rate", "schedules", 0, "rate"): "must be > 0",
        (
            "learning_rate",
            "schedules",
            1,
            "use",
        ): "no installed distribution offers 'dekay' among the schedules",
        ("learning_rate", "schedules", 2): "must be one of the schedules",
        ("mode",): "must be 'fast' or 'slow'",
        ("momentum",): "is not a field of Sample",
        ("inner", "inner", "learning_rat"): "is not a field of Sample",
        ("inner", "inner", "clipnorm"): "must be a number or a schedule",
        ("use_ema",): "must be true or false",
    }
    assert {path for path, problem in found.items() if problem.plugin} == {
        ("learning_rate", "schedules", 1, "use")
    }
    assert {path for path, problem in found.items() if problem.key} == {
        ("momentum",),
        ("inner", "inner", "learning_rat"),
    }
    assert "learning_rate.schedules[0].rate: must be > 0. Received: 0." in str(
        ConfigError(list(found.values()))
    )


def test_the_nearest_name_is_offered():
    found = problems_of("optimizers", {"use": "sample", "learning_rat": 1, "mode": "fasst"})
    assert found["learning_rat",].hint.startswith(
        "did you mean 'learning_rate'? the fields are learning_rate, mode"
    )
    assert found["mode",].hint == "did you mean 'fast'?"
    assert problems_of("optimizers", "smaple")[()].hint.startswith("did you mean 'sample'?")


@pytest.mark.parametrize(
    ("value", "path", "rule", "plugin"),
    [
        ({"use": "missing"}, ("use",), "no installed distribution", True),
        ({"use": "sample@elsewhere"}, ("use",), "this distribution offers no such", True),
        ({"use": "sample@this session>=1"}, ("use",), "installed is sample@this session", True),
        ("missing", (), "no installed distribution", True),
        ({"use": "os:system"}, ("use",), "must be NAME", False),
        ({"use": 3}, ("use",), "must be NAME", False),
        ({"use": None}, ("use",), "must be NAME", False),
        ({}, (), "must say which plugin to `use`", False),
        ({"learning_rate": 1}, (), "must say which plugin to `use`", False),
        ({"use": "sample", 3: 4}, (), "keys must be texts", False),
        ({"use": "sample", "self": 4}, ("self",), "is not a field", False),
        (3, (), "must be one of the optimizers", False),
        (None, (), "must be one of the optimizers", False),
        (Decay(rate=1), (), "must be one of the optimizers, not of the schedules", False),
    ],
)
def test_what_selects_nothing(value, path, rule, plugin):
    ((found, problem),) = problems_of("optimizers", value).items()
    assert found == path
    assert problem.rule.startswith(rule)
    assert problem.plugin is plugin


def test_a_plugin_that_does_not_import_is_a_problem_of_its_use(tmp_path, monkeypatch):
    fake_distribution(
        tmp_path,
        "fake-broken",
        points={"schedules": {"fake_broken": "fake_broken:X"}},
        modules={"fake_broken": "import fake_absent"},
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.refresh()
    found = problems_of("optimizers", {"use": "sample", "learning_rate": {"use": "fake_broken"}, "mode": 3})
    assert set(found) == {("learning_rate", "use"), ("mode",)}
    assert found["learning_rate", "use"].plugin
    assert "No module named 'fake_absent'" in found["learning_rate", "use"].rule
    monkeypatch.undo()
    registry.refresh()


def test_a_missing_field_is_named():
    assert problems_of("schedules", "decay")["rate",].rule == "is required"
    assert (
        problems_of("schedules", {"use": "chain", "schedules": ["decay"]})["schedules", 0, "rate"].rule
        == "is required"
    )


def test_the_members_of_a_union_are_one_problem():
    found = problems_of("optimizers", {"use": "sample", "either": "x"})
    assert {path: problem.rule for path, problem in found.items()} == {
        ("either",): "must be a whole number or 'auto'",
    }
    assert Sample(either=3).either == 3
    assert Sample(either="auto").either == "auto"


def test_rules_of_plugins_are_reported_in_their_own_words():
    class Picky(OptimizerConfig):
        implementation = "nowhere:Picky"
        even: int = 0
        when: date = date(2026, 1, 1)
        text: Annotated[str, Field(min_length=2, max_length=3, pattern="^a")] = "aa"
        two: tuple[int, int] = (1, 2)
        pair: Annotated[tuple[int, ...], Field(min_length=1, max_length=2)] = (1,)

        @field_validator("even")
        @classmethod
        def _is_even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("must be even")
            return value

    for values, problem in (
        ({"when": 3}, "when: must be a valid date. Received: 3."),
        ({"even": 3}, "even: must be even. Received: 3."),
        ({"text": "a"}, "text: must have at least 2 characters. Received: 'a'."),
        ({"text": "aaaa"}, "text: must have at most 3 characters. Received: 'aaaa'."),
        ({"text": "ba"}, "text: must match ^a. Received: 'ba'."),
        ({"two": [1]}, "two[1]: is required."),
        ({"two": [1, "x"]}, "two[1]: must be a whole number. Received: 'x'."),
        ({"pair": []}, "pair: must have at least 1 items. Received: ()."),
        ({"pair": [1, 2, 3]}, "pair: must have at most 2 items. Received: (1, 2, 3)."),
    ):
        with pytest.raises(ConfigError) as caught:
            Picky(**values)
        assert str(caught.value) == problem


def test_a_key_cannot_steer_a_terminal():
    with pytest.raises(ConfigError) as caught:
        Sample(**{"\x1b[31mred\n": "\x1b[2J"})
    assert str(caught.value).isprintable()
    assert r"'\x1b[31mred\n'" in str(caught.value)


class Pairs(OptimizerConfig):
    """At least two numbers."""

    implementation = "nowhere:Pairs"
    numbers: Annotated[tuple[int, ...], Field(min_length=2)]


@pytest.mark.parametrize(
    ("numbers", "rules"),
    [
        (["a", "b"], ["must be a whole number"] * 2),
        (["a", 1, "b"], ["must be a whole number"] * 2),
        ([1], ["must have at least 2 items"]),
        ([], ["must have at least 2 items"]),
    ],
)
def test_a_list_is_too_short_only_if_it_is(registered, numbers, rules):
    registered(Pairs, "pairs")

    assert [
        each.rule for each in problems_of("optimizers", {"use": "pairs", "numbers": numbers}).values()
    ] == rules
