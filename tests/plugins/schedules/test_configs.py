"""What the configs of the schedules accept, refuse and write out; all of it without TensorFlow."""

from __future__ import annotations

import json

import pytest

from optiplug import ConfigError, registry
from optiplug._config.base import resolve
from support.schedule_examples import COSINE, EXAMPLES

NAMES = sorted({entry.name for entry in registry.entries("schedules")})
RATE = {"initial_learning_rate": 0.1}
CYCLE = {**RATE, "maximal_learning_rate": 1.0, "step_size": 10}


@pytest.mark.parametrize("name", NAMES)
def test_dump_is_json_that_means_the_same(name):
    for hyperparameters in EXAMPLES[name]:
        config = resolve("schedules", {"use": name, **hyperparameters})
        dumped = config.dump()
        assert dumped.keys() == {"use", *type(config).model_fields}
        assert resolve("schedules", json.loads(json.dumps(dumped))) == config


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described(name):
    config = registry.get("schedules", name)
    assert config.summary().endswith(".")
    assert [field for field, info in config.model_fields.items() if not info.description] == []


def test_nested_schedules_are_written_out_whole():
    config = registry.get("schedules", "warmup")(schedule=COSINE, warmup_steps=10)
    expected = {"alpha": 0.0, "warmup_target": None, "warmup_steps": 0, "exponent": 1.0}
    assert config.dump()["schedule"] == {**COSINE, **expected}


def test_a_function_is_accepted_in_code_but_has_no_name():
    config = registry.get("schedules", "join")(schedules=[0.1, lambda step: step], boundaries=[10])
    with pytest.raises(ConfigError, match=r"schedules\[1\]"):
        config.dump()


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("constant", {"value": -0.1}, "value: must be >= 0. Received: -0.1."),
        ("constant", {"value": float("nan")}, "value: must be finite"),
        ("constant", {"value": True}, "value: must be a number"),
        ("constant", {"value": COSINE}, "value: must be a number"),
        ("exponential", {**RATE, "decay_steps": 0, "decay_rate": 0.9}, "decay_steps: must be > 0"),
        ("exponential", {**RATE, "decay_steps": 10, "decay_rate": 0}, "decay_rate: must be > 0"),
        ("linear", {**RATE, "transition_steps": 10.0}, "transition_steps: must be a whole number"),
        ("exponential", {**RATE, "decay_steps": 2**60, "decay_rate": 1}, "decay_steps: must be <= "),
        ("exponential", {**RATE, "decay_steps": 10}, "decay_rate: is required"),
        ("exponential", {"decay_step": 10}, "did you mean 'decay_steps'"),
        ("polynomial", {**RATE, "decay_steps": 10, "power": 0}, "power: must be > 0"),
        ("polynomial", {**RATE, "decay_steps": 10, "cycle": 1}, "cycle: must be true or false"),
        ("piecewise_constant", {"boundaries": [5, 5], "values": [1, 2, 3]}, "must be strictly increasing"),
        ("piecewise_constant", {"boundaries": [5, 4], "values": [1, 2, 3]}, "must be strictly increasing"),
        ("piecewise_constant", {"boundaries": [5], "values": [1]}, "values: must have one item more than"),
        ("piecewise_constant", {"boundaries": [-1], "values": [1, 2]}, "boundaries[0]: must be >= 0"),
        ("inverse_time", {**RATE, "decay_steps": 10, "decay_rate": -1}, "decay_rate: must be >= 0"),
        ("cosine", {**RATE, "decay_steps": 10, "alpha": 1.5}, "alpha: must be <= 1"),
        ("cosine", {**RATE, "decay_steps": 10, "warmup_steps": 5}, "goes together with warmup_target"),
        ("cosine", {**RATE, "decay_steps": 10, "warmup_target": 1}, "goes together with warmup_target"),
        ("cosine_restarts", {**RATE, "first_decay_steps": 10, "t_mul": 0.5}, "t_mul: must be >= 1"),
        ("cosine_restarts", {**RATE, "first_decay_steps": 10, "t_mul": 1.0001}, "t_mul: must be 1 "),
        ("cosine_restarts", {**RATE, "first_decay_steps": 10, "m_mul": 0}, "m_mul: must be > 0"),
        ("warmup", {"schedule": 0.1, "warmup_steps": 0}, "warmup_steps: must be >= 1"),
        ("warmup", {"schedule": -1, "warmup_steps": 1}, "schedule: must be >= 0"),
        ("warmup", {"schedule": {"use": "cosin"}, "warmup_steps": 1}, "did you mean 'cosine'"),
        ("warmup", {"schedule": {**COSINE, "alpha": 2}, "warmup_steps": 1}, "schedule.alpha: must be <= 1"),
        ("join", {"schedules": [0.1, 0.2], "boundaries": []}, "boundaries: must have one item fewer than"),
        ("join", {"schedules": [], "boundaries": []}, "boundaries: must have one item fewer than"),
        ("join", {"schedules": [1, 2, 3], "boundaries": [9, 3]}, "boundaries: must be strictly increasing"),
        ("one_cycle", {"peak_learning_rate": 1, "total_steps": 9, "pct_start": 1}, "pct_start: must be < 1"),
        ("linear", {**RATE, "transition_steps": 0}, "transition_steps: must be >= 1"),
        ("linear", {**RATE, "transition_steps": 9, "transition_begin": -1}, "transition_begin: must be >= 0"),
        ("inverse_sqrt", {"peak_learning_rate": 1, "warmup_steps": 0}, "warmup_steps: must be >= 1"),
        ("product", {"schedules": []}, "schedules: must have at least 1 items"),
        ("product", {"schedules": [1, {**COSINE, "alpha": 2}]}, "schedules[1].alpha: must be <= 1"),
        ("cyclical", {**CYCLE, "step_size": 0}, "step_size: must be >= 1"),
        ("cyclical", {**CYCLE, "mode": "triangle"}, "did you mean 'triangular'"),
        ("cyclical", {**CYCLE, "mode": "exp_range", "gamma": 1.1}, "gamma: must be <= 1"),
        ("cyclical", {**CYCLE, "gamma": 0.9}, "gamma: goes together with mode: exp_range"),
        ("rex", {**RATE, "decay_steps": 10, "end_learning_rate": -1}, "end_learning_rate: must be >= 0"),
        ("tanh_decay", {**RATE, "decay_steps": 10, "lower": 3.0}, "upper: must be > lower"),
        (
            "one_cycle",
            {"peak_learning_rate": 1, "total_steps": 9, "div_factor": 0},
            "div_factor: must be > 0",
        ),
        (
            "warmup_stable_decay",
            {"peak_learning_rate": 1, "warmup_steps": -1, "stable_steps": 1, "decay_steps": 1},
            "warmup_steps: must be >= 0",
        ),
        (
            "warmup_stable_decay",
            {
                "peak_learning_rate": 1,
                "warmup_steps": 1,
                "stable_steps": 1,
                "decay_steps": 1,
                "shape": "line",
            },
            "did you mean 'linear'",
        ),
    ],
)
def test_refused(name, hyperparameters, message):
    with pytest.raises(ConfigError) as refusal:
        registry.get("schedules", name)(**hyperparameters)
    assert message in str(refusal.value)


def test_all_problems_are_reported_at_once():
    with pytest.raises(ConfigError) as refusal:
        registry.get("schedules", "cosine")(initial_learning_rate=-1, decay_steps=0, alpha=2)
    assert [problem.path for problem in refusal.value.problems] == [
        ("initial_learning_rate",),
        ("decay_steps",),
        ("alpha",),
    ]
