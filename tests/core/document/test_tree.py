"""A Document knows the place of each value."""

from __future__ import annotations

import pytest

from optiplug.document import parse
from optiplug.errors import ConfigError, Problem

TEXT = "use: sgd\nrate:\n  use: cosine\n  steps: 7\nprocessors: [{use: ema}]\n"


@pytest.fixture
def document():
    return parse(TEXT, "yaml", "run.yaml")


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (("rate", "steps"), False, "4:10"),
        (("rate", "steps"), True, "4:3"),
        (("rate", "missing"), False, "3:3"),
        (("rate", "missing", "deeper"), True, "3:3"),
        (("processors", 0, "use"), False, "5:20"),
        (("processors", 1), False, "5:13"),
        (("unknown",), False, "1:1"),
        ((), False, "1:1"),
        ((), True, "1:1"),
    ],
)
def test_position_is_that_of_the_nearest_value_around(document, path, key, place):
    assert document.position(path, key=key) == f"run.yaml:{place}"


def test_locate_keeps_what_a_problem_says_and_sorts_by_place(document):
    problems = [
        Problem(("processors", 0, "use"), "is missing", "ema", "install it", plugin=True),
        Problem(("rate", "steps"), "is not a field", 7, key=True),
        Problem((), "cannot be read", position="elsewhere.yaml:1:1"),
    ]
    located = document.locate(ConfigError(problems))
    assert str(located).splitlines() == [
        "elsewhere.yaml:1:1: cannot be read.",
        "run.yaml:4:3: rate.steps: is not a field. Received: 7.",
        "run.yaml:5:20: processors[0].use: is missing. Received: 'ema'. Hint: install it.",
    ]
    assert [problem.plugin for problem in located.problems] == [False, False, True]
