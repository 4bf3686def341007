"""`optiplug check` of what is right, and its JSON; what is wrong is in test_broken_configs.py."""

from __future__ import annotations

import json

import pytest

from support.project_paths import ROOT


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*.*")), ids=lambda path: path.name)
def test_the_examples_are_valid(run, path):
    result = run("check", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{path}: valid config of ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "use: sgd\nlearning_rate: 1e-3"),
        ("a.json", '{"use": "sgd", "learning_rate": 1e-3}'),
        ("a.toml", 'use = "sgd"\nlearning_rate = 1e-3'),
    ],
)
def test_every_format(run, write, name, text):
    path = write(text, name)
    assert run("check", path).stdout.startswith(f"{path}: valid config of optimizer sgd@optiplug-sgd ")
    assert json.loads(run("check", path, "--json").stdout) == {
        "format": 1,
        "file": str(path),
        "valid": True,
        "problems": [],
    }


def test_problems_as_json(run, write):
    path = write("use: sgd\nmomentum: 2\nprocessors: [{use: emma}]")
    result = run("check", path, "--json")
    assert (result.exit_code, result.stderr) == (4, "")
    told = json.loads(result.stdout)
    assert not told["valid"]
    assert [(each["position"], each["path"], each["plugin"]) for each in told["problems"]] == [
        (f"{path}:2:11", "momentum", False),
        (f"{path}:3:20", "processors[0].use", True),
    ]
    assert told["problems"][0]["rule"] == "must be <= 1"


def test_a_keyword_needs_its_processor(run, write, monkeypatch):
    from optiplug import registry

    registry.block("clip_by_norm")
    try:
        path = write("command: train\ntask: digits\nsteps: 1\noptimizer:\n  use: sgd\n  clipnorm: 1")
        result = run("check", path)
    finally:
        registry.unblock("clip_by_norm")
    assert result.exit_code == 4
    assert f"{path}:6:13: optimizer.clipnorm.use: " in result.stderr
    assert "blocked" in result.stderr
