"""Configs: strict, frozen, complete in what they refuse, and the same after a round trip."""

from __future__ import annotations

import copy
import json
import pickle
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug import (
    NonNegativeScalar,
    OptimizerConfig,
    ProcessorConfig,
    ScheduleConfig,
    TaskConfig,
)
from optiplug._config.base import NamedConfig, resolve
from optiplug.errors import BrokenPluginError, ConfigError
from support.fake_distributions import installing
from support.sample_configs import Chain, Decay, Sample


@pytest.fixture(autouse=True)
def _names(registered):
    for config, name in ((Decay, "decay"), (Chain, "chain"), (Sample, "sample")):
        registered(config, name)


def test_three_ways_to_say_the_same():
    expected = Sample(learning_rate=Decay(rate=2))
    assert resolve("optimizers", {"use": "sample", "learning_rate": {"use": "decay", "rate": 2}}) == expected
    assert resolve("optimizers", expected) is expected
    assert resolve("optimizers", "sample") == Sample()
    assert resolve("optimizers", {"use": "sample@this session"}) == Sample()


def test_what_keeps_a_config_stands_for_it():
    class Optimizer:
        config = Sample(mode="slow")

    assert resolve("optimizers", Optimizer()) is Optimizer.config
    assert Sample(inner=Optimizer()).inner is Optimizer.config


def test_a_default_keeps_the_rules_too():
    class Wrong(OptimizerConfig):
        implementation = "nowhere:Wrong"
        learning_rate: NonNegativeScalar = -1.0

    with pytest.raises(ConfigError, match=r"^learning_rate: must be >= 0\. Received: -1\.0"):
        Wrong()


def test_configs_are_frozen():
    config = Sample()
    with pytest.raises(ConfigError, match=r"Sample\.mode: a config cannot be changed"):
        config.mode = "slow"
    assert hash(Decay(rate=1)) == hash(Decay(rate=1))
    assert Decay(rate=1) != Decay(rate=2)
    assert copy.deepcopy(config) == config
    assert pickle.loads(pickle.dumps(Decay(rate=1))) == Decay(rate=1)  # noqa: S301  # our own bytes


def test_the_fields_of_the_plugin_come_first():
    own = list(Sample.__annotations__)
    assert list(Sample.model_fields) == [*own, *OptimizerConfig.model_fields]
    assert list(Sample().dump()) == ["use", *Sample.model_fields]
    assert list(Sample.model_json_schema()["properties"]) == ["use", *Sample.model_fields]

    class Derived(Sample):
        weight_decay: float = 0.5
        added: int = 3

    rest = [name for name in OptimizerConfig.model_fields if name != "weight_decay"]
    assert list(Derived.model_fields) == [*own, "weight_decay", "added", *rest]


def test_lists_of_a_document_become_tuples():
    config = resolve(
        "schedules", {"use": "chain", "schedules": [{"use": "decay", "rate": 1}], "boundaries": [1, 2]}
    )
    assert config.boundaries == (1, 2)
    assert Sample(extra={"a": [[1], {"b": [2]}]}).extra == {"a": ((1,), {"b": (2,)})}


def test_a_dump_has_every_field_and_reads_back():
    config = Sample(
        learning_rate=Chain(
            schedules=(Decay(rate=1), Decay(rate=2, steps=3)), boundaries=(4,), last=Decay(rate=9)
        ),
        inner=Sample(mode="slow"),
        extra={"a": (1, None, "x")},
        clipnorm=2,
    )
    dumped = config.dump()
    assert dumped["learning_rate"] == {
        "use": "chain",
        "schedules": [{"use": "decay", "rate": 1.0, "steps": 10}, {"use": "decay", "rate": 2.0, "steps": 3}],
        "boundaries": [4],
        "last": {"use": "decay", "rate": 9.0, "steps": 10},
    }
    assert dumped["inner"]["mode"] == "slow"
    assert dumped["use"] == "sample"
    assert dumped["extra"] == {"a": [1, None, "x"]}
    assert resolve("optimizers", json.loads(json.dumps(dumped))) == config
    assert config.dump_fields() == {key: value for key, value in dumped.items() if key != "use"}


@given(
    rate=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    steps=st.integers(min_value=1),
    depth=st.integers(0, 4),
)
def test_any_dump_reads_back(rate, steps, depth):
    schedule: NamedConfig = Decay(rate=rate, steps=steps)
    for _ in range(depth):
        schedule = Chain(schedules=(schedule, schedule), last=schedule)
    assert resolve("schedules", json.loads(json.dumps(schedule.dump()))) == schedule


def test_what_has_no_name_cannot_be_dumped():
    class Nameless(OptimizerConfig):
        implementation = "nowhere:Nameless"

    with pytest.raises(ConfigError, match=r"has no name in the registry.*Hint: .*optiplug\.register"):
        Nameless().dump()
    assert Nameless().dump_fields()["use_ema"] is False
    with pytest.raises(ConfigError) as caught:
        Sample(inner=Nameless(), learning_rate=abs, extra={"x": object()}).dump()
    assert [problem.path for problem in caught.value.problems] == [
        ("learning_rate",),
        ("extra", "x"),
        ("inner",),
    ]


def test_the_summary_is_the_first_line():
    assert Decay.summary() == "Fall with the step."

    class Silent(ScheduleConfig):
        implementation = "nowhere:Silent"

    assert Silent.summary() == ""


def test_create_imports_the_implementation(tmp_path, monkeypatch):
    class ByName(TaskConfig):
        implementation = "fake_made:Made"
        size: int = 1

    class ByClass(TaskConfig):
        implementation = dict

    config = ByName(size=3)
    with installing(tmp_path, monkeypatch) as install:
        source = "class Made:\n    def __init__(self, config): self.config = config\n"
        install("fake-made", modules={"fake_made": source})
        assert config.create().config is config
    assert ByClass.load_implementation() is dict


@pytest.mark.parametrize("target", ["fake_missing:X", "json:absent", "json:loads.absent"])
def test_an_implementation_that_is_not_there_is_a_broken_plugin(target):
    config = type(Decay)("Lost", (Decay,), {"__module__": __name__, "implementation": target})
    with pytest.raises(BrokenPluginError, match=f"{target}, the implementation of Lost, cannot be imported"):
        config(rate=1).create()


@pytest.mark.parametrize("base", [OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig])
def test_the_bases_are_abstract(base):
    with pytest.raises(TypeError, match="is abstract"):
        base()


def test_use_cannot_be_a_field():
    with pytest.raises(TypeError, match="`use` names the plugin"):
        type(Decay)("Bad", (ScheduleConfig,), {"__module__": __name__, "__annotations__": {"use": str}})


def test_the_schema_of_a_config_covers_its_dump():
    schema = Chain.model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["use", "schedules"]
    assert schema["description"] == "One schedule after another."
    assert schema["properties"]["schedules"]["items"]["anyOf"][0]["type"] == "string"
    assert schema["properties"]["schedules"]["items"]["anyOf"][1]["required"] == ["use"]
    json.dumps(schema)
    assert Decay.model_json_schema()["properties"]["rate"]["description"] == "How fast."


class Fields(OptimizerConfig):
    """Fields that need others."""

    implementation = "nowhere:Fields"
    needs: ClassVar = {"amount": "shift", "power": "mode=sharp"}

    shift: float = 0.0
    amount: int = 3
    mode: str = "soft"
    power: float = 2.0


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, {}),
        ({"amount": 3, "power": 2.0}, {}),
        ({"amount": 4}, {"amount": "`shift`"}),
        ({"amount": 4, "shift": 0.5}, {}),
        ({"power": 3.0}, {"power": "`mode=sharp`"}),
        ({"power": 3.0, "mode": "sharp"}, {}),
        ({"power": 3.0, "mode": "other", "amount": 1}, {"power": "`mode=sharp`", "amount": "`shift`"}),
        ({"ema_momentum": 0.5}, {"ema_momentum": "`use_ema`"}),
        ({"ema_momentum": 0.5, "use_ema": True}, {}),
    ],
    ids=str,
)
def test_a_setting_without_effect_is_refused(fields, refused):
    if not refused:
        config = Fields(**fields)
        assert Fields(**dict(config)) == config
        return
    with pytest.raises(ConfigError) as caught:
        Fields(**fields)
    found = {problem.path[0]: problem.rule for problem in caught.value.problems}
    assert found == {name: f"has no effect without {other}" for name, other in refused.items()}
