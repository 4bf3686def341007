from __future__ import annotations

import subprocess
import sys

import pytest

from optiplug import ConfigError
from optiplug_lab.command import read_config
from optiplug_lab.config import TrainConfig
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


def test_identity_is_what_decides_the_numbers():
    assert (
        config().identity() == config(steps=20, log_every=5, evaluate_every=7, checkpoint_every=3).identity()
    )
    assert config().identity() != config(seed=1).identity()
    assert config().identity() != config(optimizer={"use": "sgd", "momentum": 0.5}).identity()


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


def test_configs_do_without_tensorflow():
    code = "import optiplug_lab.launch, optiplug_lab.task_configs, sys; sys.exit('tensorflow' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
