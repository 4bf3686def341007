"""`optiplug check` of what is right, and its JSON; what is wrong is in test_broken_configs.py."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from optiplug import registry
from optiplug.cli import application
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


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "command: train\ntask: digits\nsteps: 1\noptimizer:\n  use: sgd\n  clipnorm: 1",
            "6:13: optimizer.clipnorm.use",
        ),
        (
            "use: partition\ngroups:\n- name: a\n  optimizer: {use: sgd, clipnorm: 1}",
            "4:35: groups[0].optimizer.clipnorm.use",
        ),
    ],
)
def test_a_keyword_needs_its_processor(run, write, text, place):
    path = write(text)
    registry.block("clip_by_norm")
    try:
        result = run("check", path)
    finally:
        registry.unblock("clip_by_norm")
    assert result.exit_code == 4
    assert f"{path}:{place}: " in result.stderr
    assert "blocked" in result.stderr


def test_many_files_are_checked_and_all_problems_told(run, write):
    good, bad = write("use: sgd", "good.yaml"), write("use: sgd\nmomentum: 2", "bad.yaml")
    missing, gone = write("use: emma", "missing.yaml"), write("use: sgd").with_name("gone.yaml")
    result = run("check", good, bad, good)
    assert result.exit_code == 3
    assert result.stdout.count(f"{good}: valid config of optimizer sgd") == 2
    assert f"{bad}:2:11: momentum: must be <= 1" in result.stderr
    assert run("check", good, good).exit_code == 0
    result = run("check", gone, missing, bad, good)
    assert result.exit_code == 4
    assert all(f"{each}:" in result.stderr for each in (gone, missing, bad))
    result = run("check", bad, good, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["format"], told["valid"]) == (3, 1, False)
    assert [(each["file"], each["valid"]) for each in told["files"]] == [(str(bad), False), (str(good), True)]


@pytest.mark.parametrize(
    ("options", "text", "place"),
    [
        ((), "use: sgd\nmomentum: 2", "2:11"),
        (("--format", "yaml"), '{"use": "sgd",\n"momentum": 2}', "2:13"),
        (("--format", "json"), '{"use": "sgd",\n"momentum": 2}', "2:13"),
        (("--format", "toml"), 'use = "sgd"\nmomentum = 2', "2:12"),
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["check", "explain"])
def test_standard_input_is_a_file(command, options, text, place):
    argv = [command, "-", *options]
    result = CliRunner().invoke(application(argv), argv, input=text)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"<stdin>:{place}: momentum: must be <= 1")
    if command == "check":
        result = CliRunner().invoke(application(argv), argv, input=text.replace("2", "0.5"))
        assert result.stdout.startswith("<stdin>: valid config of optimizer sgd")


def test_an_unknown_format_is_a_usage_error(run):
    assert run("check", "-", "--format", "xml").exit_code == 2


@pytest.mark.parametrize("command", ["check", "explain"])
def test_a_format_of_a_file_is_told_by_its_name(run, write, command):
    result = run(command, write("use: sgd"), "--format", "json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is for standard input" in result.stderr


def test_json_says_how_many_problems_it_leaves_out(run, write):
    told = json.loads(run("check", write("use: sgd\nprocessors: [" + "{}," * 99 + "]"), "--json").stdout)
    assert len(told["problems"]) == 20
    assert told["more"] == 79
    assert "more" not in json.loads(run("check", write("use: sgd\nx: 1"), "--json").stdout)
