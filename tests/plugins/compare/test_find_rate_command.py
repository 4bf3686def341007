"""The command `optiplug find-rate`."""

from __future__ import annotations

import json

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from optiplug.cli import application


@pytest.fixture
def find_rate(monkeypatch):
    """Run the command in this process, and return its result."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        return CliRunner().invoke(application(["find-rate"]), ["find-rate", *map(str, arguments)])

    return run


def test_it_draws_prints_and_says_what_to_try(find_rate, tmp_path):
    path = tmp_path / "sgd.yaml"
    path.write_text("use: sgd\nmomentum: 0.9\n")
    image = tmp_path / "rate.png"
    result = find_rate(path, "--task", "digits", "--steps", 60, "--out", image, "--set", "task.shift=0")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("sgd on digits: loss by learning rate\n")
    assert "rates were tried" in result.stdout
    valley = next(line.split()[1] for line in result.stdout.splitlines() if line.startswith("valley"))
    assert f"In a run: --set optimizer.learning_rate={valley}" in result.stdout
    assert "learning rate" in result.stdout
    assert imread(image).shape == (800, 1520, 4)


def test_its_json_has_the_whole_test(find_rate):
    result = find_rate(
        "--optimizer", "sgd", "--task", "digits", "--json", "--steps", 10, "--low", 1e-3, "--high", 1e-2
    )
    told = json.loads(result.stdout)

    assert result.exit_code == 0, result.stderr
    assert told["format"] == 1
    assert told["optimizer"]["use"] == "sgd"
    assert told["rates"][0] == 1e-3
    assert len(told["rates"]) == len(told["losses"]) == len(told["smoothed"]) == 10
    assert told["ended"] == "tried"
    assert told["scaled"] == "optimizer"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "either FILE or --optimizer is required"),
        (["run.yaml", "--optimizer", "sgd"], 2, "either FILE or --optimizer is required"),
        (["--optimizer", "sgd"], 2, "is required with --optimizer"),
        (["--optimizer", "sgd", "--task", "digits", "--low", "1", "--high", "1"], 2, "less than --high"),
        (["--optimizer", "sgd", "--task", "digits", "--out", "a.jpg"], 2, "must end in .png"),
        (["--optimizer", "sgd", "--task", "digits", "--steps", "9"], 2, "--steps"),
        (["--optimizer", "sgd", "--task", "digits", "--set", "momentum"], 2, "must be PATH=VALUE"),
        (["--optimizer", "sgdd", "--task", "digits"], 4, "did you mean 'sgd'?"),
        (["--optimizer", "sgd", "--task", "digist"], 4, "did you mean 'digits'?"),
        (["nowhere.yaml", "--task", "digits"], 3, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_without_tensorflow(find_rate, arguments, code, text):
    result = find_rate(*arguments)

    assert result.exit_code == code
    assert text in " ".join(result.stderr.split())
