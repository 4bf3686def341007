"""`optiplug explain`: every value with its origin, every stage with its processors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.explained_plugins import TEXT, explained, install_plugins


@pytest.fixture
def swift(install):
    install_plugins(install)


def test_stages_are_in_the_order_of_a_step(run, write, swift):
    path = write(TEXT)
    (optimizer,) = explained(run, path)["optimizers"]
    parts = [
        (part["stage"], part["processor"], part["origin"].removeprefix(f"{path}:"))
        for part in optimizer["parts"]
    ]
    assert parts == [
        ("gate", "late", "4:5"),
        ("gate", "late", "7:5"),
        ("clip", "late", "4:5"),
        ("clip", "first", "5:5"),
        ("clip", "late", "7:5"),
        ("update", "late", "4:5"),
        ("update", "first", "5:5"),
        ("update", "late", "7:5"),
    ]
    assert {(part["distribution"], part["version"]) for part in optimizer["parts"]} == {("fake-swift", "1.4")}


def test_an_optimizer_within_an_optimizer_has_stages_of_its_own(run, write, swift):
    told = explained(run, write("use: swift\ninner: {use: swift, processors: [early]}"))
    assert [(each["path"], len(each["parts"])) for each in told["optimizers"]] == [("", 0), ("inner", 2)]


def test_the_table_for_people(run, write, swift):
    path = write(TEXT)
    lines = [" ".join(line.split()) for line in run("explain", path).stdout.splitlines()]
    assert lines[0] == f"{path}: optimizer swift@fake-swift 1.4"
    assert lines[1] == "path value origin"
    assert 'learning_rate.use "ramp" 2:22' in lines
    start = lines.index("stages of swift@fake-swift 1.4")
    assert not any("default" in line.split() for line in lines)
    assert lines[start - 2].endswith("defaults: --all shows them")
    assert lines[start + 2 :] == [
        "rate -",
        "pre_aggregate -",
        "gate late 4:5, fake-swift 1.4",
        "late 7:5, fake-swift 1.4",
        "clip late 4:5, fake-swift 1.4",
        "first 5:5, fake-swift 1.4",
        "late 7:5, fake-swift 1.4",
        "decay -",
        "update late 4:5, fake-swift 1.4",
        "first 5:5, fake-swift 1.4",
        "late 7:5, fake-swift 1.4",
        "post_step -",
        "finalize -",
    ]


def test_what_was_changed_comes_before_defaults(run, write, swift):
    lines = run("explain", write(TEXT), "--all").stdout.splitlines()
    values = lines[2 : lines.index("stages of swift@fake-swift 1.4") - 1]
    defaults = [line.endswith("default") for line in values]
    assert defaults == sorted(defaults)
    assert "clipnorm null default" in [" ".join(line.split()) for line in values]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_column_is_lost_on_a_terminal(write, swift, width):
    path = write(TEXT)
    for options in [(), ("--all",)]:
        argv = ["explain", str(path), *options]
        shown = CliRunner(env={"COLUMNS": str(width)}).invoke(application(argv), argv).stdout
        for cell in ("learning_rate.use", '"ramp"', "2:22", "first", "5:5,", "fake-swift 1.4"):
            assert cell in shown


NESTED = """\
use: partition
processors: [ema]
groups:
  - name: matrices
    min_ndim: 2
    optimizer:
      use: muon
      weight_decay: 0.1
      fallback: {use: sgd, clipnorm: 1}
  - {name: rest, optimizer: adamw}
"""


def test_processors_of_optimizers_inside_are_in_the_stages(run, write):
    path = write(NESTED)
    told = explained(run, path)
    assert [(each["path"], each["label"]) for each in told["optimizers"]] == [
        ("", ""),
        ("groups[0].optimizer", "matrices"),
        ("groups[0].optimizer.fallback", "matrices/fallback"),
        ("groups[1].optimizer", "rest"),
    ]
    lines = [" ".join(line.split()) for line in run("explain", path).stdout.splitlines()]
    assert any(line.startswith("clip matrices/fallback/clip_by_norm clipnorm at 9:38, ") for line in lines)
    assert any(line.startswith("decay matrices/weight_decay weight_decay at 8:21, ") for line in lines)
    assert any(line.startswith("rest/weight_decay weight_decay by default") for line in lines)
    assert any(line.startswith("post_step ema 2:14") for line in lines)


PARTITION = """\
command: train
task: digits
steps: 1
optimizer:
  use: partition
  groups:
    - {name: convolutions, only: [PATTERN], optimizer: {use: sgd, weight_decay: 0.1}}
    - {name: rest, optimizer: adam}
"""


def test_the_variables_of_each_group_are_told(run, write):
    path = write(PARTITION.replace("PATTERN", '"conv_*/kernel"'))
    told = {each["path"]: each["optimizer"] for each in explained(run, path)["variables"]}
    assert told["conv_1/kernel"] == told["conv_2/kernel"] == "convolutions"
    assert set(told.values()) == {"convolutions", "rest"}
    lines = [line.split() for line in run("explain", path).stdout.splitlines()]
    assert ["conv_1/kernel", "3x3x1x16", "float32", "convolutions", "weight_decay"] in lines
    assert ["conv_1/bias", "16", "float32", "rest", "-"] in lines


def test_a_task_can_be_named(run, write):
    path = write("use: sgd\nprocessors: [{use: ema, only: [dense_2/bias]}]")
    result = run("explain", path, "--task", "digits")
    assert ["dense_2/bias", "10", "float32", "sgd", "ema"] in [
        line.split() for line in result.stdout.splitlines()
    ]
    assert run("explain", path, "--task", "digit").exit_code == 4
    assert "variables" not in run("explain", path).stdout


def test_a_pattern_that_does_not_fit_the_task_is_told(run, write):
    path = write(PARTITION.replace("PATTERN", '"cnov_*"'))
    result = run("explain", path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"{path}:7:35: group 'convolutions'.only: a pattern must match" in result.stderr


def test_a_task_that_fails_is_told(run, write, install):
    modules = {
        "fake_task": 'from optiplug import TaskConfig\nclass Bad(TaskConfig):\n    """B."""\n'
        '    implementation = "fake_bad:bad"\n',
        "fake_bad": "def bad(config): raise OSError('no data')",
    }
    install("fake-task", points={"tasks": {"bad": "fake_task:Bad"}}, modules=modules)
    result = run("explain", write("use: sgd"), "--task", "bad")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "bad: the task cannot be built: OSError: no data" in result.stderr


KINDS = {
    "optimizers": ("Optimizer", "use: half"),
    "processors": ("Processor", "use: swift\nprocessors: [half]"),
    "schedules": ("Schedule", "use: swift\nlearning_rate: {use: half}"),
    "tasks": ("Task", "command: train\ntask: half\nsteps: 1\noptimizer: sgd"),
    "commands": ("Command", "command: half"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_implementation_that_cannot_be_imported(run, write, swift, install, kind):
    base, text = KINDS[kind]
    install(
        "fake-half",
        points={kind: {"half": "fake_half:Half"}},
        modules={
            "fake_half": f'from optiplug import {base}Config\nclass Half({base}Config):\n    """H."""\n'
            '    implementation = "fake_missing:Half"\n'
        },
    )
    path = write(text)
    assert run("check", path).exit_code == 0
    result = run("explain", path)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "fake_missing" in result.stderr


def test_keywords_of_a_run_are_explained_as_processors(write):
    optimizer = "{use: sgd, use_ema: true, clipnorm: 1, weight_decay: 0.1}"
    path = write(f"command: train\ntask: digits\nsteps: 9\noptimizer: {optimizer}")
    result = subprocess.run(
        [sys.executable, "-m", "optiplug.cli", "explain", str(path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    values = {each["path"]: (each["value"], each["origin"]) for each in told["values"]}
    assert values["command"] == ("train", f"{path}:1:10")
    assert values["task.use"] == ("digits", f"{path}:2:7")
    assert values["batch_size"][1] == "default"
    (optimizer,) = told["optimizers"]
    assert optimizer["path"] == "optimizer"
    assert [(part["stage"], part["processor"], part["origin"]) for part in optimizer["parts"]] == [
        ("clip", "clip_by_norm", f"clipnorm at {path}:4:48"),
        ("decay", "weight_decay", f"weight_decay at {path}:4:65"),
        ("post_step", "ema", f"use_ema at {path}:4:32"),
        ("finalize", "ema", f"use_ema at {path}:4:32"),
    ]
