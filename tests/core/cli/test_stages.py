"""The stages that `optiplug explain` tells, with those of optimizers inside of others."""

from __future__ import annotations

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
