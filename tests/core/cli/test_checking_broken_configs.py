"""What is wrong with a file, and where: `optiplug check` on one broken config after the other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.broken_configs import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[3]}-{str(case[1])[:30]}")
def test_message_and_exit_code(run, write, case):
    name, text, place, rule, code = case
    path = write(text, name)
    result = run("check", path)
    assert result.exit_code == code, result.stderr
    where = f"{path}:{place}: " if place else f"{path}: "
    assert [line for line in result.stderr.splitlines() if line.startswith(where) and rule in line], (
        result.stderr
    )
    assert result.stdout == ""


def test_a_missing_file(run, tmp_path):
    result = run("check", tmp_path / "no.yaml")
    assert (result.exit_code, result.stderr) == (
        3,
        f"{tmp_path}/no.yaml: the file cannot be read: No such file or directory.\n",
    )


def test_a_directory(run, tmp_path):
    (tmp_path / "run.yaml").mkdir()
    result = run("check", tmp_path / "run.yaml")
    assert (result.exit_code, "Is a directory" in result.stderr) == (3, True)


def test_every_problem_at_once_in_the_order_of_the_file(run, write):
    text = """\
use: sgd
learning_rate: {use: cosine, initial_learning_rate: -1}
momentum: 2
nestero: true
processors:
  - use: clip_by_norm
    max_norm: 0
  - use: emma
"""
    path = write(text)
    result = run("check", path)
    assert result.exit_code == 4  # a missing plugin outweighs the rest
    places = [line.removeprefix(f"{path}:").partition(": ")[0] for line in result.stderr.splitlines()]
    assert places == ["2:16", "2:53", "3:11", "4:1", "7:15", "8:10"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("command", ["check", "explain"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("use: sgd\nlearning_rate: -1", 3),
        ("use: sgdd", 4),
        ("[" * 10_000, 3),
        ("use: sgd\n\x1b]0;x\x07: 1", 3),
    ],
    ids=["rule", "plugin", "deep", "escapes"],
)
def test_a_process_ends_without_traceback(write, command, text, code):
    path = write(text)
    result = subprocess.run(
        [sys.executable, "-m", "optiplug.cli", command, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith(f"{path}:")
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr
