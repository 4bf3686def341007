"""What older code and Keras pass becomes what is passed today."""

from __future__ import annotations

import pytest

from optiplug import ConfigError, OptimizerConfig
from optiplug._config.keras_objects import recreated, renamed


class MineConfig(OptimizerConfig):
    """A config that no registry knows."""

    implementation = "nowhere:Mine"
    rate: float = 0.5


class Mine:
    """Something with a config."""

    Config = MineConfig


class OfKeras:
    """Something in the way of Keras."""

    @classmethod
    def from_config(cls, config):
        return ("made from", config)


def test_lr_is_learning_rate_with_a_warning():
    with pytest.warns(FutureWarning, match="`lr` is deprecated"):
        assert renamed({"lr": 0.5, "momentum": 0.9}) == {"learning_rate": 0.5, "momentum": 0.9}


def test_both_names_are_refused():
    with pytest.raises(ConfigError, match="lr: is the old name of `learning_rate`"):
        renamed({"lr": 0.5, "learning_rate": 0.5})


def test_legacy_is_nothing_to_say():
    assert renamed({"is_legacy_optimizer": False, "name": "x"}) == {"name": "x"}


def test_custom_objects_are_found_at_any_depth():
    value = {"a": [{"use": "mine", "rate": 0.25}, "mine"], "b": {"class_name": "Old", "config": {"c": 1}}}
    made = recreated(value, {"mine": Mine, "Old": OfKeras})

    assert made == {"a": [MineConfig(rate=0.25), "mine"], "b": ("made from", {"c": 1})}


def test_what_has_another_name_stays_as_it_is():
    value = {"use": "sgd", "rate": ({"class_name": "Old", "config": {}}, 1.0)}

    assert recreated(value, {"mine": Mine}) == {
        "use": "sgd",
        "rate": [{"class_name": "Old", "config": {}}, 1.0],
    }
