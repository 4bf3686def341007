"""`optiplug explain`: every value with its origin, every stage with its processors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.explained_plugins import TEXT, install_plugins


@pytest.fixture
def swift(install):
    install_plugins(install)


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


@pytest.mark.slow
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
