"""`optiplug explain`: every value with its origin, every stage with its processors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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
    assert f'learning_rate.use "ramp" {path}:2:22' in lines
    assert "clipnorm null default" in lines
    start = lines.index("stages of swift@fake-swift 1.4")
    assert lines[start + 2 :] == [
        "rate -",
        "pre_aggregate -",
        f"gate late fake-swift 1.4 {path}:4:5",
        f"late fake-swift 1.4 {path}:7:5",
        f"clip late fake-swift 1.4 {path}:4:5",
        f"first fake-swift 1.4 {path}:5:5",
        f"late fake-swift 1.4 {path}:7:5",
        "decay -",
        f"update late fake-swift 1.4 {path}:4:5",
        f"first fake-swift 1.4 {path}:5:5",
        f"late fake-swift 1.4 {path}:7:5",
        "post_step -",
        "finalize -",
    ]


def test_an_implementation_that_cannot_be_imported(run, write, swift, install):
    install(
        "fake-half",
        points={"processors": {"half": "fake_half:Half"}},
        modules={
            "fake_half": 'from optiplug import ProcessorConfig\nclass Half(ProcessorConfig):\n    """H."""\n'
            '    implementation = "fake_missing:Half"\n'
        },
    )
    path = write("use: swift\nprocessors: [half]")
    assert run("check", path).exit_code == 0
    result = run("explain", path)
    assert result.exit_code == 4
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
