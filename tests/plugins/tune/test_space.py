"""Search spaces: what a study gets of a config with ranges in it."""

from __future__ import annotations

import subprocess
import sys

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiplug import ConfigError
from optiplug.document import parse, parse_setting
from optiplug_tune.space import Space, read_space, space_of

RATE = {"search": "log", "low": 1e-4, "high": 1e-1}
COSINE = {
    "use": "cosine",
    "initial_learning_rate": RATE,
    "decay_steps": {"search": "int", "low": 5, "high": 9},
}


def trials(space: Space, count: int = 10) -> list[optuna.trial.FrozenTrial]:
    """Return the trials of a study that takes what the space offers at random."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: float(len(space.values(trial))), n_trials=count)
    return study.trials


def test_ranges_are_named_by_their_paths():
    space = space_of(
        {
            "command": "train",
            "task": "digits",
            "steps": 10,
            "batch_size": {"search": "choice", "of": [32, 64]},
            "optimizer": {
                "use": "partition",
                "groups": [
                    {"name": "matrices", "min_ndim": 2, "optimizer": {"use": "muon", "learning_rate": RATE}},
                    {"name": "rest", "optimizer": {"use": "adamw", "learning_rate": COSINE}},
                ],
                "processors": [{"use": "clip_by_global_norm", "max_norm": RATE}],
            },
        }
    )
    rate = "optimizer.groups[1].optimizer.learning_rate"
    assert list(space.ranges) == [
        "batch_size",
        "optimizer.groups[0].optimizer.learning_rate",
        f"{rate}.initial_learning_rate",
        f"{rate}.decay_steps",
        "optimizer.processors[0].max_norm",
    ]
    assert list(space.default) == list(space.ranges)
    assert space.config(space.default)["optimizer"]["groups"][1]["optimizer"]["learning_rate"] == {
        "use": "cosine",
        "initial_learning_rate": pytest.approx(10**-2.5),
        "decay_steps": 7,
    }


def test_a_trial_takes_the_ranges_of_its_options_only():
    space = space_of({"use": "sgd", "learning_rate": {"search": "choice", "of": [COSINE, RATE, 0.5]}})
    seen = set()
    for trial in trials(space, 30):
        config = space.config(trial.params)
        match trial.params["learning_rate"]:
            case "cosine":
                assert trial.params.keys() == {
                    "learning_rate",
                    "learning_rate.of[0].initial_learning_rate",
                    "learning_rate.of[0].decay_steps",
                }
                assert config["learning_rate"]["use"] == "cosine"
            case 0.5:
                assert config == {"use": "sgd", "learning_rate": 0.5}
            case _:
                assert config["learning_rate"] == trial.params["learning_rate.of[1]"]
        seen.add(trial.params["learning_rate"])
    assert len(seen) == 3


def test_a_plugin_may_be_chosen():
    space = space_of({"use": {"search": "choice", "of": ["adamw", "lion"]}, "learning_rate": RATE})
    assert {space.config(trial.params)["use"] for trial in trials(space)} == {"adamw", "lion"}


NUMBERS = st.floats(1e-6, 1e3, allow_nan=False)


@st.composite
def ranges(draw):
    kind = draw(st.sampled_from(["log", "linear", "int", "choice"]))
    if kind == "choice":
        return {"search": kind, "of": draw(st.lists(NUMBERS, min_size=2, max_size=4, unique=True))}
    numbers = st.integers(1, 10_000) if kind == "int" else NUMBERS
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    log = {"log": True} if kind == "int" and draw(st.booleans()) else {}
    return {"search": kind, "low": low, "high": high, **log}


@settings(deadline=None, max_examples=50)
@given(ranges(), ranges(), st.integers(0, 2**20))
def test_values_are_within_their_ranges(rate, norm, seed):
    processors = [{"use": "clip_by_norm", "max_norm": norm}]
    space = space_of({"use": "sgd", "learning_rate": rate, "processors": processors})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for values in (space.values(study.ask()), space.default):
        config = space.config(values)
        for value, given_range in (
            (config["learning_rate"], rate),
            (config["processors"][0]["max_norm"], norm),
        ):
            if given_range["search"] == "choice":
                assert value in given_range["of"]
            else:
                assert given_range["low"] <= value <= given_range["high"]
                assert isinstance(value, int if given_range["search"] == "int" else float)
        assert "search" not in str(config)


@pytest.mark.parametrize(
    ("given_range", "default"),
    [
        ({"search": "log", "low": 1e-4, "high": 1e-2}, pytest.approx(1e-3)),
        ({"search": "linear", "low": 0, "high": 1}, 0.5),
        ({"search": "linear", "low": 0.1, "high": 0.5, "step": 0.1}, 0.3),
        ({"search": "int", "low": 1, "high": 100, "log": True}, 10),
        ({"search": "int", "low": 8, "high": 32, "step": 8}, 24),
        ({"search": "choice", "of": [3, 2]}, 3),
        ({"search": "choice", "of": [3, 2], "default": 2}, 2),
        ({"search": "log", "low": 1e-4, "high": 1e-2, "default": 2e-3}, 2e-3),
    ],
)
def test_the_default_is_the_middle(given_range, default):
    space = space_of({"use": "sgd", "learning_rate": given_range})
    assert space.default == {"learning_rate": default}
    assert space.ranges["learning_rate"].distribution._contains(
        space.ranges["learning_rate"].distribution.to_internal_repr(space.default["learning_rate"])
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "learning_rate: is required"),
        ({"learning_rate": 1.0}, "learning_rate: must be from 0.0001 to 0.1. Received: 1.0."),
        ({"learning_rate": 0.01, "momentum": 0.9}, "momentum: is no range of this config"),
    ],
)
def test_values_that_do_not_belong_are_refused(values, text):
    with pytest.raises(ConfigError, match=text):
        space_of({"use": "sgd", "learning_rate": RATE}).config(values)


def test_settings_take_the_place_of_ranges_and_add_them():
    document = parse("use: sgd\nlearning_rate: {search: log, low: 1e-4, high: 1}", "yaml", "sgd.yaml")
    setting = parse_setting("momentum={search: linear, low: 0, high: 0.9}")
    assert list(read_space(document, [setting]).ranges) == ["learning_rate", "momentum"]
    with pytest.raises(ConfigError, match="no range to search") as caught:
        read_space(document, [parse_setting("learning_rate=1")])
    assert "sgd.yaml" in str(caught.value)


def test_reading_a_space_imports_no_tensorflow(tmp_path):
    path = tmp_path / "sgd.yaml"
    path.write_text("use: sgd\nlearning_rate: {search: log, low: 1e-4, high: 1}\n")
    program = (
        "import sys; from optiplug_tune.space import read_space; space = read_space(sys.argv[1]);"
        "space.config(space.default); assert not {'tensorflow', 'optuna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True)
