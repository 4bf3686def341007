"""What older code and Keras pass becomes what is passed today."""

from __future__ import annotations

import inspect

import keras
import pytest
import tf_keras

from optiplug import ConfigError, OptimizerConfig, registry
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


MODULES = {
    "keras": keras.optimizers,
    "tf_keras": tf_keras.optimizers,
    "tf_keras.legacy": tf_keras.optimizers.legacy,
}
OURS = {entry.name: registry.load(entry) for entry in registry.entries("optimizers")}
NAMES = {"ScheduleFreeAdamW": "schedule_free_adamw"}
SHARED = [
    pytest.param(cls, OURS[NAMES.get(name, name.lower())], id=f"{module}-{name}")
    for module, names in MODULES.items()
    for name, cls in vars(names).items()
    if inspect.isclass(cls) and NAMES.get(name, name.lower()) in OURS and name != "Muon"
]


@pytest.mark.parametrize(("theirs", "ours"), SHARED)
def test_every_config_of_keras_is_taken(theirs, ours):
    config = theirs(learning_rate=0.25).get_config()
    made = ours.load_implementation().from_config(config)
    fields = {name: value for name, value in config.items() if name in ours.model_fields}
    fields.pop("ema_overwrite_frequency", None)  # has another default in RMSprop
    assert {name: getattr(made.config, name) for name in fields} == fields
    assert len(fields) > 2


def test_there_are_many_such():
    assert len(SHARED) >= 30


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("loss_scale_factor", 128.0, "'use': 'loss_scale'"),
        ("gradient_accumulation_steps", 4, "'use': 'accumulate'"),
        ("decay", 0.1, "inverse_time"),
    ],
)
def test_what_keras_says_and_we_do_otherwise_is_refused(field, value, hint):
    adam = OURS["adam"].load_implementation()
    with pytest.raises(ConfigError, match=rf"{field}: is not a field.*{hint}"):
        adam.from_config({**keras.optimizers.Adam().get_config(), field: value})
    with pytest.raises(ConfigError, match=f"{field}: is not a field"):
        adam(**{field: None})


def test_the_muon_of_keras_is_told_what_to_write():
    with pytest.raises(ConfigError) as caught:
        OURS["muon"].load_implementation().from_config(keras.optimizers.Muon().get_config())
    assert all("write" in each.hint or "list globs" in each.hint for each in caught.value.problems)
