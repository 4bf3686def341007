"""Keyword arguments of optimizers as processors."""

from __future__ import annotations

import pytest

from optiplug import OptimizerConfig, hookimpl
from optiplug._config import keyword_processors as keywords
from optiplug._config.base import resolve
from optiplug.errors import ConfigError, Problem


class Plain(OptimizerConfig):
    """An optimizer without hyperparameters of its own."""

    implementation = "nowhere:Plain"


class Hook:
    @hookimpl
    def decay(self, gradients, step):
        return gradients


@pytest.fixture
def asked(monkeypatch):
    """Replace the processors themselves by what was asked of the registry."""
    monkeypatch.setattr(keywords, "resolve", lambda kind, fields: (kind, fields))

    def ask(**values):
        config = Plain(**values)
        return (*config.processors, *(each for _, each in keywords.keyword_processors(config)))

    return ask


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"clipnorm": 2}, {"use": "clip_by_norm", "max_norm": 2.0}),
        ({"clipvalue": 2}, {"use": "clip_by_value", "max_value": 2.0}),
        ({"global_clipnorm": 2}, {"use": "clip_by_global_norm", "max_norm": 2.0}),
        ({"weight_decay": 0.1}, {"use": "weight_decay", "rate": 0.1}),
        (
            {"weight_decay": abs, "exclude_from_weight_decay": ["*/bias"]},
            {"use": "weight_decay", "rate": abs},
        ),
        ({"use_ema": True}, {"use": "ema", "momentum": 0.99, "overwrite_frequency": None}),
        (
            {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
            {"use": "ema", "momentum": 0.5, "overwrite_frequency": 3},
        ),
    ],
)
def test_what_each_keyword_stands_for(values, fields, asked):
    assert asked(**values) == (("processors", fields),)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"weight_decay": None},
        {"weight_decay": 0},
        {"weight_decay": 0.0, "exclude_from_weight_decay": ["*"]},
        {"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None},
    ],
)
def test_what_is_off_adds_nothing(values, asked):
    assert asked(**values) == ()


def test_listed_processors_come_before_those_of_keywords(asked):
    hook = Hook()
    entries = asked(processors=[hook], use_ema=True, weight_decay=0.1, clipvalue=1)
    assert entries[0] is hook
    assert [fields["use"] for _, fields in entries[1:]] == ["clip_by_value", "weight_decay", "ema"]


def test_the_standard_processors_accept_what_is_asked():
    for clip in ("clipnorm", "clipvalue", "global_clipnorm"):
        config = Plain(
            **{clip: 1.0},
            weight_decay=0.1,
            exclude_from_weight_decay=["*/bias"],
            use_ema=True,
            ema_overwrite_frequency=2,
        )
        entries = [entry for _, entry in keywords.keyword_processors(config)]
        assert [entry.kind for entry in entries] == ["processors"] * 3
        assert resolve("processors", entries[2].dump()) == entries[2]


def test_what_is_not_installed_is_a_problem_of_its_keyword(monkeypatch):
    def missing(kind, fields):
        raise ConfigError([Problem(("use",), "no such plugin", fields["use"], plugin=True)])

    monkeypatch.setattr(keywords, "resolve", missing)
    with pytest.raises(
        ConfigError, match=r"^clipnorm\.use: no such plugin\. Received: 'clip_by_norm'"
    ) as caught:
        keywords.keyword_processors(Plain(clipnorm=1.0))
    assert caught.value.problems[0].plugin
