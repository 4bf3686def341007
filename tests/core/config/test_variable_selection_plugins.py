"""Patterns of plugins, wherever they have them, may be optional."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug

FIELDS = [
    ("sgd", "exclude_from_weight_decay", {"weight_decay": 0.1}),
    ("lars", "exclude_from_decay", {"weight_decay_rate": 0.1}),
    ("lars", "exclude_from_adaptation", {}),
    ("lamb", "exclude_from_decay", {"weight_decay_rate": 0.1}),
    ("lamb", "exclude_from_adaptation", {}),
    ("muon", "only", {}),
    ("muon", "skip", {}),
    ("ema", "only", {}),
    ("ema", "skip", {}),
]


def built(name, field, patterns, more):
    fields = {field: patterns, **more}
    if name == "ema":
        optimizer = optiplug.create("sgd", processors=[{"use": name, **fields}])
    else:
        optimizer = optiplug.create(name, **fields)
    optimizer.build([tf.Variable([[1.0]], name="kernel"), tf.Variable([1.0], name="bias")])


@pytest.mark.parametrize(("name", "field", "more"), FIELDS)
def test_what_matches_nothing_may_be_optional(name, field, more):
    built(name, field, ["?*norm*"], more)
    built(name, field, ["?*norm*", "bias"], more)
    with pytest.raises(optiplug.ConfigError, match=rf"{field}.*a pattern must match.*`\?\*norm\*`"):
        built(name, field, ["?*norm", "*norm*"], more)
