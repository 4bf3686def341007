"""Regular expressions that are searched in a moment."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug import Selection
from optiplug._config.regular_expression import problem_of
from optiplug.errors import ConfigError

PATH = "encoder/layer_12/attention/self_attention/query/kernel"
SECONDS = 10  # a search that takes too long takes years


@pytest.mark.parametrize(
    "pattern",
    ["bias$", r"layer_\d+/.*(kernel|bias)$", "(?i)NORM", "(norm|scale)?$", r"^[^/]+/[*+?{(|)]", "a{2,3}b?"],
)
def test_what_people_write_is_fine(pattern):
    assert problem_of(pattern) == ""
    re.search(pattern, PATH)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(((.+)+)+)+X", "must not repeat"),
        ("(?:.|.|.)*X", "must not repeat"),
        ("(?>.+)+X", "must not repeat"),
        ("((.?){20})X", "must not repeat"),
        (".*" * 12 + "X", "fewer repeats"),
        (".?" * 40 + "X", "fewer repeats"),
        ("(.|.)" * 40 + "X", "fewer repeats"),
        ("(" * 300 + ")" * 300, "20 levels"),
        ("a{99999999999999}", "too large"),
        ("[[a", "unterminated"),
        ("(", "missing )"),
        ("\\", "bad escape"),
    ],
)
def test_what_may_take_years_is_refused(pattern, problem):
    assert problem in problem_of(pattern)
    with pytest.raises(ConfigError, match=re.escape(problem.rpartition("must ")[2])):
        Selection(only=[f"re:{pattern}"])


def test_a_pattern_is_no_text_of_any_length():
    with pytest.raises(ConfigError, match="at most 1,000 characters"):
        Selection(skip=["*a" * 1000])


PIECES = st.sampled_from(
    [*"a.()|*+?[]{}^$\\", "(?:", "(?=", "(?>", ".*", "[^/]+", "{2}", "{,9}", "|a", "(?i)"]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_what_is_accepted_is_searched_in_a_moment(pattern):
    if not problem_of(pattern):
        started = time.process_time()
        re.search(pattern, PATH)
        assert time.process_time() - started < SECONDS
