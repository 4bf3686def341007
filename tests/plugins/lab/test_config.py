from __future__ import annotations

import subprocess
import sys

import pytest

from optiplug import ConfigError
from optiplug.checkpoint import identity_of
from optiplug.document import parse_setting
from optiplug_lab.command import read_config, read_run
from optiplug_lab.config import WITHOUT_EFFECT, TrainConfig
from support.project_paths import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def config(**changes):
    return TrainConfig(**{"task": "digits", "optimizer": "sgd", "steps": 10, **changes})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path):
    assert read_config(path).steps >= 100


def test_dump_writes_every_default_and_reads_back():
    original = config(strategy={"mirrored": 4})
    dumped = original.dump()

    assert dumped["task"]["shift"] == 1
    assert dumped["log_every"] == 20
    assert dumped.pop("use") == "train"
    assert TrainConfig(**dumped) == original


def test_each_field_decides_the_numbers_or_is_said_not_to():
    decided = identity_of(config(), without=WITHOUT_EFFECT)["config"]
    changes = {"seed": 1, "batch_size": 7, "optimizer": {"use": "sgd", "momentum": 0.5}, "task": "chars"}
    others = [identity_of(config(**{name: value}), without=WITHOUT_EFFECT) for name, value in changes.items()]
    logs = config(steps=20, log_every=5, evaluate_every=7, checkpoint_every=3, strategy={"mirrored": 2})

    assert set(TrainConfig.model_fields) == {*WITHOUT_EFFECT, *decided} - {"use"}
    assert all(other["config"] != decided for other in others)
    assert identity_of(logs, without=WITHOUT_EFFECT)["config"] == decided


PATTERNS = {
    "only": {"processors": [{"use": "clip_by_norm", "max_norm": 1.0, "only": ["conv_?/kernel", "conv_9"]}]},
    "key": {"use": "muon", "output_axes": {"conv_?/kernel": [3], "conv_9": [3]}},
    "exclusion": {"exclude_from_weight_decay": ["*/bias", "biases"], "weight_decay": 0.1},
}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (PATTERNS["only"], ("optimizer", "processors", 0, "only", 1)),
        (PATTERNS["key"], ("optimizer", "output_axes", "conv_9")),
        (PATTERNS["exclusion"], ("optimizer", "exclude_from_weight_decay", 1)),
    ],
    ids=PATTERNS,
)
def test_patterns_that_match_no_variable_of_the_task(fields, path):
    with pytest.raises(ConfigError, match="a pattern must match at least one variable path") as caught:
        config(optimizer={"use": "sgd", **fields})

    assert [problem.path for problem in caught.value.problems] == [path]


def test_patterns_inside_of_a_partition_are_looked_at():
    inside = {"use": "muon", "skip": ["dense_9/kernel"]}
    groups = [{"name": "a", "only": ["conv_*"], "optimizer": "sgd"}, {"name": "b", "optimizer": inside}]
    with pytest.raises(ConfigError) as caught:
        config(optimizer={"use": "partition", "groups": groups})

    path = ("optimizer", "groups", 1, "optimizer", "skip", 0)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "did you mean 'dense_" in str(caught.value)


def test_patterns_that_may_match_nothing():
    assert config(optimizer={"use": "sgd", "exclude_from_weight_decay": ["re:norm$", "?*norm*"]})


@pytest.mark.parametrize(("strategy", "devices"), [("none", 1), ({"mirrored": 1}, 1), ({"mirrored": 2}, 2)])
def test_devices(strategy, devices):
    assert config(strategy=strategy).devices == devices


@pytest.mark.parametrize(
    "strategy",
    ["mirror", {}, {"mirrored": 0}, {"mirrored": True}, {"mirrored": 2, "tpu": 1}, None, 2],
)
def test_bad_strategy(strategy):
    with pytest.raises(ConfigError, match=r"^strategy: must be `none` or `\{mirrored: N\}`"):
        config(strategy=strategy)


def test_devices_share_a_batch_equally():
    with pytest.raises(ConfigError, match=r"^strategy: must divide the batch of 128 into equal shares"):
        config(strategy={"mirrored": 3})


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"steps": 1.5},
        {"batch_size": 0},
        {"seed": -1},
        {"seed": 2**31},
        {"log_every": 0},
        {"task": {"use": "digits", "test_fraction": 1.0}},
        {"task": {"use": "digits", "widths": [1, 2]}},
        {"task": {"use": "chars", "context": 0}},
    ],
)
def test_bad_values(wrong):
    with pytest.raises(ConfigError) as caught:
        config(**wrong)

    assert caught.value.problems[0].path[0] == next(iter(wrong))


def test_every_problem_of_a_file_with_its_position(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("command: train\ntask: digit\noptimizer: {use: sgd, momentum: 2}\nsteps: 10\nstep: 3\n")

    with pytest.raises(ConfigError) as caught:
        read_config(path)

    positions = [problem.position.removeprefix(str(path)) for problem in caught.value.problems]
    assert positions == [":2:7", ":3:33", ":5:1"]


@pytest.mark.parametrize("first", ["use: sgd", "command: list", "command: 5"])
def test_document_of_something_else(tmp_path, first):
    path = tmp_path / "run.yaml"
    path.write_text(f"{first}\n")

    with pytest.raises((ConfigError, LookupError)):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("use: sgd\n", ":1:1: use: this is the config of an optimizer, and a run has a task, too"),
        ("steps: 5\n", ":1:1: command: is required. Hint: begin the file with `command: train`"),
        ("command: trian\n", ":1:10: command: must be `train`. Received: 'trian'"),
        ("command: [train]\n", ":1:10: command: must be `train`. Received: ['train']"),
    ],
)
def test_what_is_no_run_is_told_what_it_is(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert f"{path}{message}" in str(caught.value)


def test_settings_take_the_place_of_what_the_file_says(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("command: train\ntask: digits\noptimizer: sgd\nsteps: 10\n")
    texts = ("optimizer.learning_rate=0.25", "task.shift=0", "strategy.mirrored=2")
    _, found = read_run(path, list(map(parse_setting, texts)))

    assert (found.optimizer.learning_rate, found.task.shift, found.devices) == (0.25, 0, 2)
    with pytest.raises(ConfigError, match=r"^--set optimizer\.momentum=2: optimizer\.momentum: must be <= 1"):
        read_run(path, [parse_setting("optimizer.momentum=2")])


def test_configs_do_without_tensorflow():
    code = "import optiplug_lab.launch, optiplug_lab.task_configs, sys; sys.exit('tensorflow' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
