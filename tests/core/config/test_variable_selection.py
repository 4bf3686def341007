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
        ({"only": ["scale"], "min_ndim": 1}, []),
    ],
)
def test_what_is_selected(fields, selected):
    assert selected_paths(Selection(**fields), RANKS, "ema") == selected


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
