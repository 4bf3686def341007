"""`only`, `skip` and `min_ndim` select variables by path."""

from __future__ import annotations

import pytest

from optiplug import ConfigError, Selection
from optiplug._config.variable_selection import selected_paths

RANKS = {"encoder/kernel": 2, "encoder/bias": 1, "decoder/kernel": 2, "scale": 0}


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ({}, list(RANKS)),
        ({"only": ["encoder/*"]}, ["encoder/kernel", "encoder/bias"]),
        ({"only": ["scale", "*/bias"]}, ["encoder/bias", "scale"]),
        ({"skip": ["*/kernel"]}, ["encoder/bias", "scale"]),
        ({"min_ndim": 2}, ["encoder/kernel", "decoder/kernel"]),
        ({"only": ["encoder/*"], "skip": ["*/bias"], "min_ndim": 1}, ["encoder/kernel"]),
        ({"only": ["re:kernel$"]}, ["encoder/kernel", "decoder/kernel"]),
        ({"only": ["*er/*"], "skip": ["re:^(en|de)coder/k"]}, ["encoder/bias"]),
    ],
)
def test_what_is_selected(fields, selected):
    assert selected_paths(Selection(**fields), RANKS, "ema") == selected


@pytest.mark.parametrize(
    "fields",
    [
        {"only": ["scale"], "min_ndim": 1},
        {"only": ["*/kernel"], "skip": ["encoder/*", "decoder/*"]},
        {"skip": ["*"]},
        {"min_ndim": 3},
        {"only": ["re:bias"], "min_ndim": 2},
    ],
    ids=str,
)
def test_a_selection_that_chooses_nothing_is_refused(fields):
    with pytest.raises(ConfigError, match=r"ema: a selection must choose .*encoder/bias \(1\)") as caught:
        selected_paths(Selection(**fields), RANKS, "ema")
    assert all(name in str(caught.value) for name in fields)


@pytest.mark.parametrize("field", ["only", "skip"])
def test_what_is_no_regular_expression_is_refused(field):
    with pytest.raises(ConfigError, match=rf"{field}\[1\]: must be a regular expression.*'re:\['"):
        Selection(**{field: ["a", "re:["]})


def test_case_counts():
    with pytest.raises(ConfigError, match="Encoder"):
        selected_paths(Selection(only=["Encoder/*"]), RANKS, "ema")


@pytest.mark.parametrize("field", ["only", "skip"])
def test_a_pattern_that_matches_nothing_is_refused(field):
    with pytest.raises(
        ConfigError, match=rf"ema\.{field}: a pattern must match.*did you mean 'encoder/kernel'"
    ):
        selected_paths(Selection(**{field: ["scale", "encoder/kernle"]}), RANKS, "ema")
    with pytest.raises(ConfigError, match=r"the paths are encoder/kernel, .*scale"):
        selected_paths(Selection(**{field: ["zzz"]}), RANKS, "ema")


def test_a_long_list_of_paths_is_cut():
    with pytest.raises(ConfigError, match=r"the paths are w0, .*w7, \.") as caught:
        selected_paths(Selection(only=["zzz"]), {f"w{key}": 1 for key in range(99)}, "ema")
    assert "w8" not in str(caught.value)


BRACKETS = {"layer[0]/bias": 1, "layer[1]/bias": 1, "layer1/bias": 1, "star*": 1}


@pytest.mark.parametrize(
    ("pattern", "selected"),
    [
        ("layer[0]/bias", ["layer[0]/bias"]),
        ("layer[1]/bias", ["layer[1]/bias", "layer1/bias"]),
        ("layer[[]0]/*", ["layer[0]/bias"]),
        ("star*", ["star*"]),
    ],
)
def test_a_whole_path_matches_whatever_is_in_it(pattern, selected):
    assert selected_paths(Selection(only=[pattern]), BRACKETS, "ema") == selected
    left = [path for path in BRACKETS if path not in selected]
    assert selected_paths(Selection(skip=[pattern]), BRACKETS, "ema") == left


def test_a_glob_with_brackets_that_matches_nothing_is_explained():
    with pytest.raises(ConfigError, match=r"at least one variable path.*`\[\[\]0\]` is the text"):
        selected_paths(Selection(only=["layer[0]/*"]), BRACKETS, "ema")


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ({"skip": ["?*norm*"]}, list(RANKS)),
        ({"skip": ["?*/bias", "scale"]}, ["encoder/kernel", "decoder/kernel"]),
        ({"skip": ["?re:bias$"]}, ["encoder/kernel", "decoder/kernel", "scale"]),
        ({"only": ["?*norm*", "scale"]}, ["scale"]),
        ({"only": ["?*norm*", "?re:norm"]}, []),
        ({"only": ["?encoder/*"], "min_ndim": 2}, ["encoder/kernel"]),
        ({"skip": ["??cale"]}, ["encoder/kernel", "encoder/bias", "decoder/kernel"]),
    ],
    ids=str,
)
def test_an_optional_pattern_may_match_nothing(fields, selected):
    assert selected_paths(Selection(**fields), RANKS, "ema") == selected


def test_optional_patterns_that_match_must_leave_something():
    with pytest.raises(ConfigError, match="must choose at least one"):
        selected_paths(Selection(only=["?encoder/*"], min_ndim=3), RANKS, "ema")


def test_a_question_mark_in_front_is_no_character():
    with pytest.raises(ConfigError, match=r"ema\.skip: .*no character.*write `\[!/\]cale`"):
        selected_paths(Selection(skip=["?cale"]), RANKS, "ema")


@pytest.mark.parametrize(("pattern", "rule"), [("?", "there is none"), ("?re:[", "regular expression")])
def test_what_is_no_optional_pattern_is_refused(pattern, rule):
    with pytest.raises(ConfigError, match=rf"skip\[0\]: .*{rule}"):
        Selection(skip=[pattern])


def test_a_pattern_that_matches_nothing_can_be_made_optional():
    with pytest.raises(ConfigError, match=r"`\?zzz` may match nothing"):
        selected_paths(Selection(only=["zzz"]), RANKS, "ema")
