"""Ranges with something wrong, and what is said of each, at its line and column."""

from __future__ import annotations

import pytest

from optiplug import ConfigError
from optiplug.document import parse
from optiplug_tune.space import read_space
from support.broken_spaces import CASES


@pytest.mark.parametrize(("text", "place", "message"), CASES)
def test_a_broken_range_is_told_where_it_stands(text, place, message):
    with pytest.raises(ConfigError) as caught:
        read_space(parse(text, "yaml", "tune.yaml"))

    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"tune.yaml:{place}: ") and message in line for line in lines), lines


def test_all_problems_are_told_at_once_and_once_each():
    ranges = "learning_rate: {search: linear, low: -1, high: 1}\nmomentum: {search: linear, low: -1, high: 2}"
    with pytest.raises(ConfigError) as caught:
        read_space(parse(f"use: sgd\n{ranges}", "yaml", "tune.yaml"))

    assert [problem.path for problem in caught.value.problems] == [
        ("learning_rate", "low"),
        ("momentum", "low"),
        ("momentum", "high"),
    ]
